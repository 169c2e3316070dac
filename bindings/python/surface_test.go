package python

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// surfaceClasses are the classes of the wandb package that have to do with
// artifacts.
var surfaceClasses = strings.Fields(`
	Api Artifact ArtifactTTL ArtifactCollection ArtifactCollections ArtifactType ArtifactTypes Artifacts RunArtifacts
	ArtifactFiles File Run Runs Project Projects Registry Registries Collections Versions UserMember TeamMember
	AddOnlyArtifactTypesList ArtifactManifest ArtifactManifestEntry Organization`)

// leftOut are members of those classes that ours do not have, and parameters
// of methods, as "Class.method()(parameter)"; "*" is any class. Each for a reason:
var leftOut = map[string]string{
	"Api.automation()":           automations,
	"Api.automations()":          automations,
	"Api.create_automation()":    automations,
	"Api.delete_automation()":    automations,
	"Api.update_automation()":    automations,
	"Api.integrations()":         automations,
	"Api.slack_integrations()":   automations,
	"Api.webhook_integrations()": automations,
	"Api.create_custom_chart()":  otherParts,
	"Api.create_project()":       "logging an artifact makes the project",
	"Api.create_run()":           "logging an artifact makes a run; wandb.init makes one that does more",
	"Api.create_run_queue()":     otherParts,
	"Api.upsert_run_queue()":     otherParts,
	"Api.run_queue()":            otherParts,
	"Api.queued_run()":           otherParts,
	"Api.job()":                  otherParts,
	"Api.list_jobs()":            otherParts,
	"Api.reports()":              otherParts,
	"Api.sweep()":                otherParts,
	"Api.sync_tensorboard()":     otherParts,
	"Api.create_team()":          "accounts are made by whoever runs the server",
	"Api.create_user()":          "accounts are made by whoever runs the server",
	"Api.from_path()":            "one of run, artifact, project, by the looks of a path: call the one that is meant",
	"Api.user_agent":             "of wandb's own requests",
	"Api.runs()(include_sweeps)": otherParts,
	"Api.runs()(lazy)":           "runs have no more than is loaded at once",

	"Artifact.__getitem__()":                 mediaObjects,
	"Artifact.add()":                         mediaObjects,
	"Artifact.get()":                         mediaObjects,
	"Artifact.digest_algorithm":              "of wandb's own bookkeeping",
	"Artifact.distributed_id":                "of wandb.init",
	"Artifact.distributed_id =":              "of wandb.init",
	"Artifact.incremental":                   "a draft that is added to a version is new_draft()",
	"Artifact.use_as":                        "deprecated in wandb, and None",
	"ArtifactTTL.__contains__()":             "it has one value",
	"ArtifactTTL.__getitem__()":              "it has one value",
	"ArtifactTTL.__iter__()":                 "it has one value",
	"ArtifactTTL.__len__()":                  "it has one value",
	"Artifact.linked_at":                     "operations do not tell when a link was made",
	"ArtifactCollection.load()(entity)":      "the collection is known by its attributes",
	"ArtifactCollection.load()(project)":     "the collection is known by its attributes",
	"ArtifactCollection.load()(type_)":       "the collection is known by its attributes",
	"ArtifactCollection.load()(name)":        "the collection is known by its attributes",
	"ArtifactCollection.project_id":          "of wandb's own requests",
	"ArtifactCollection.project_internal_id": "of wandb's own requests",
	"*.convert_objects()":                    graphql,
	"*.update_variables()":                   graphql,
	"*.snake_to_camel()":                     graphql,
	"*.display()":                            notebooks,
	"*.to_html()":                            notebooks,

	"File.delete()":  "files of a version are deleted with it",
	"File.path_uri":  "storage_path is what a server tells of where it keeps a file",
	"Run.id =":       otherParts,
	"Run.name =":     otherParts,
	"Run.storage_id": graphql,
	"Run.create()":   "logging an artifact makes a run; wandb.init makes one that does more",

	"Project.owner":          otherParts,
	"Project.sweeps()":       otherParts,
	"Runs.histories()":       otherParts,
	"Runs.upgrade_to_full()": otherParts,

	"AddOnlyArtifactTypesList.freeze()": "save() does that",

	"ArtifactManifest.add_entry()":               drafts,
	"ArtifactManifest.remove_entry()":            drafts,
	"ArtifactManifest.digest()":                  "Artifact.digest",
	"ArtifactManifest.from_manifest_json()":      drafts,
	"ArtifactManifest.to_manifest_json()":        drafts,
	"ArtifactManifest.hash_contents_with_md5()":  drafts,
	"ArtifactManifest.version()":                 "there is one",
	"ArtifactManifestEntry.digest_algorithm()":   "of wandb's own bookkeeping",
	"ArtifactManifestEntry.to_json()":            drafts,
	"ArtifactManifestEntry.download()(executor)": "files are fetched at once by themselves",
}

const (
	automations  = "automations and integrations are no part of artifacts"
	otherParts   = "a part of W&B that is not artifacts"
	mediaObjects = "media objects are made and read by the wandb package"
	notebooks    = "pages of the W&B app in a notebook"
	graphql      = "of wandb's own GraphQL client"
	drafts       = "the core reads and writes manifests"
)

// ofRuns are what runs have besides artifacts.
var ofRuns = strings.Fields(`
	beta_scan_history() config console_logs() delete() download_history_exports() file() files() history() json_config lastHistoryStep
	load_full_data() metadata rawconfig save() scan_history() stop() summary summary_metrics sweep sweep_name system_metrics update()
	update_state() upload_file() wait_until_finished()`)

// TestSurface holds our classes against those of the wandb package: each public
// member and parameter is there, or left out for a reason.
func TestSurface(t *testing.T) {
	site := installed(t)
	theirs := surface(t, clean(t), "wandb-"+wandbVersion, "wandb.apis.public", "wandb", "wandb.apis.public.registries.registries_search",
		"wandb.apis.public.registries._members", "wandb.apis.public.registries._freezable_list",
		"wandb.sdk.artifacts.artifact_manifest", "wandb.sdk.artifacts.artifact_manifest_entry", "wandb.sdk.artifacts.artifact_ttl")
	ours := surface(t, clean(t, "PYTHONPATH="+site), "bindings", "reliquary", "reliquary.manifest", "reliquary._artifact_types")
	reasons := maps.Clone(leftOut)
	for _, member := range ofRuns {
		reasons["Run."+member] = otherParts
	}
	used := map[string]bool{}
	excused := func(class, what string) bool {
		for _, name := range []string{class + what, "*" + what} {
			if reasons[name] != "" {
				used[name] = true
				return true
			}
		}
		return false
	}
	for _, class := range surfaceClasses {
		if _, ok := theirs[class]; !ok {
			t.Errorf("wandb has no class %s any more", class)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(theirs)) {
		class, member, found := strings.Cut(name, ".")
		if found {
			member = "." + member
		}
		parameters, ok := ours[name]
		if !ok {
			if !excused(class, member) {
				t.Errorf("%s is missing", name)
			}
			continue
		}
		for _, p := range theirs[name] {
			bare, _, _ := strings.Cut(p, "=")
			if !slices.Contains(parameters, p) && !excused(class, member+"("+bare+")") {
				t.Errorf("%s takes %q, ours takes %q", name, p, parameters)
			}
		}
	}
	for name := range reasons {
		if !used[name] {
			t.Errorf("%s is not missing, and a reason is given why it is", name)
		}
	}
	if len(theirs) < 300 {
		t.Errorf("only %d members were found", len(theirs))
	}
}

// surface runs the program that prints members, in one of the environments.
func surface(t *testing.T, env []string, venv string, modules ...string) map[string][]string {
	t.Helper()
	out, err := run(env, python(venv), append(append([]string{filepath.Join("testdata", "surface.py")}, modules...), append([]string{"--"}, surfaceClasses...)...)...)
	if err != nil {
		t.Fatal(err)
	}
	var members map[string][]string
	if err := json.Unmarshal([]byte(out), &members); err != nil {
		t.Fatal(err)
	}
	return members
}
