package tools

import (
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools/internal/nearest"
)

// All returns every operation, in the order in which they are best read: from
// the whole to its parts, reading before changing. They are defined when it is
// called first, and it always returns the same ones: they are not to be changed.
func All() []Operation {
	all.once.Do(func() { all.operations = defineAll() })
	return slices.Clip(all.operations)
}

var all struct {
	once       sync.Once
	operations []Operation
}

func defineAll() []Operation {
	return []Operation{
		listArtifactTypes(),
		listArtifactCollections(),
		getArtifactCollection(),
		listArtifacts(),
		getArtifact(),
		listArtifactFiles(),
		previewArtifactFile(),
		listRunArtifacts(),
		saveArtifactCollection(),
		planChange(),
		applyPlan(),
		planDeleteArtifactCollection(),
		deleteArtifactCollection(),
		searchArtifacts(),
		getArtifacts(),
		getLineage(),
		listArtifactUsers(),
		useArtifacts(),
		getStorageUsage(),
		updateArtifact(),
		linkArtifact(),
		unlinkArtifact(),
		planDeleteArtifacts(),
		deleteArtifacts(),
		logArtifact(),
		downloadArtifact(),
		getArtifactManifest(),
		readArtifactFile(),
		verifyArtifact(),
		compareArtifacts(),
		listRegistries(),
		getRegistry(),
		listRegistryCollections(),
		listRegistryVersions(),
		createRegistry(),
		updateRegistry(),
		changeRegistryMembers(),
		planDeleteRegistry(),
		deleteRegistry(),
		listDeletedArtifacts(),
		restoreArtifacts(),
		moveAlias(),
		getAliasHistory(),
		listAuditLog(),
		artifactTypesPage(),
		artifactTypeLoad(),
		artifactCollectionsPage(),
		artifactCollectionLoad(),
		artifactCollectionAliases(),
		artifactCollectionSave(),
		artifactCollectionDelete(),
		artifactsPage(),
		artifactLoad(),
		artifactSave(),
		artifactDelete(),
		artifactLink(),
		artifactUnlink(),
		artifactLinkedArtifacts(),
		artifactLoggedBy(),
		artifactUsedBy(),
		artifactFilesPage(),
		artifactManifestPage(),
		runLoad(),
		runsPage(),
		runArtifactsPage(),
		runUseArtifact(),
		runLogArtifact(),
		projectsPage(),
		viewerLoad(),
		usersSearch(),
		teamLoad(),
		organizationLoad(),
		organizationCreate(),
		registriesPage(),
		registryLoad(),
		registryCreate(),
		registrySave(),
		registryDelete(),
		registryCollectionsPage(),
		registryVersionsPage(),
		registryMembers(),
		registryAddMembers(),
		registryRemoveMembers(),
		registryUpdateMember(),
	}
}

// Lookup finds an operation by name among ops. KindInvalid names the nearest.
func Lookup(ops []Operation, name string) (Operation, error) {
	for i := range ops {
		if ops[i].Name == name {
			return ops[i], nil
		}
	}
	names := make([]string, len(ops))
	for i := range ops {
		names[i] = ops[i].Name
	}
	e := &Error{
		Code:       artifacts.KindInvalid,
		Operation:  name,
		Message:    fmt.Sprintf("there is no operation %q", name),
		Candidates: nearest.Names(name, names, 3),
		Next:       "the operations are " + strings.Join(names, ", "),
	}
	return Operation{}, e
}
