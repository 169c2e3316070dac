package artifacts

// A RunArtifactsMode tells the artifacts that a run wrote from those it read.
type RunArtifactsMode string

// The modes, in W&B's words.
const (
	Logged RunArtifactsMode = "logged"
	Used   RunArtifactsMode = "used"
)

// RunArtifactsOptions say which part of a run's artifacts to list. nil means all.
type RunArtifactsOptions struct {
	PerPage int    // items per request; 0 means DefaultPerPage
	After   string // cursor to continue behind
}

// RunArtifacts are the versions that a run logged (W&B: RunOutputArtifacts) or
// used (RunInputArtifacts), each seen in its own sequence.
type RunArtifacts struct {
	*Pager[*Artifact]
	entity, project, run string
	mode                 RunArtifactsMode
}

// RunArtifacts lists the versions that a run logged or used. run is the id in
// its URL. A mode other than these fails with KindInvalid when the list is used.
func (c *Client) RunArtifacts(entity, project, run string, mode RunArtifactsMode, opts *RunArtifactsOptions) *RunArtifacts {
	return nil
}

// Entity owns the project.
func (l *RunArtifacts) Entity() string { return l.entity }

// Project holds the run.
func (l *RunArtifacts) Project() string { return l.project }

// Run is the run's id.
func (l *RunArtifacts) Run() string { return l.run }

// Mode says whether these are the logged or the used versions.
func (l *RunArtifacts) Mode() RunArtifactsMode { return l.mode }
