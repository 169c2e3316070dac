package graph

import "context"

// features are what clients may rely on here. The wandb package takes a
// feature that is not named as absent, so the list holds what is served:
// nothing is listed as disabled. Those that begin with RELIQUARY are this
// registry's own.
//
// ARTIFACT_DIGEST_ALGORITHM is left out on purpose: it would have clients send
// XXH128 digests, which this registry does not verify yet.
var features = []string{
	"ARTIFACT_COLLECTIONS_FILTERING_SORTING",
	"ARTIFACT_COLLECTION_MEMBERSHIP_FILES",
	"ARTIFACT_COLLECTION_MEMBERSHIP_FILE_DOWNLOAD_HANDLER",
	"ARTIFACT_MEMBERSHIP_IN_LINK_ARTIFACT_RESPONSE",
	"ARTIFACT_REGISTRY_SEARCH",
	"ARTIFACT_TAGS",
	"ARTIFACT_V2_DOWNLOAD_HANDLER_SUPPORTS_ARTIFACT_ID",
	"CLIENT_IDS",
	"INCLUDE_ARTIFACT_TYPES_IN_REGISTRY_CREATION",
	"LARGE_FILENAMES",
	"MARK_RUN_FILES_UPLOADED",
	"PROJECT_ARTIFACT_COLLECTION_MEMBERSHIP",
	"TOTAL_COUNT_IN_FILE_CONNECTION",
	"RELIQUARY_ALIAS_MOVES",
	"RELIQUARY_ARTIFACT_BYTES_FREED",
	"RELIQUARY_ARTIFACT_DELETIONS",
	"RELIQUARY_AUDIT_LOG",
	"RELIQUARY_FILE_BATCHES",
	"RELIQUARY_ORGANIZATIONS",
	"RELIQUARY_PROTECTED_ALIASES",
	"RELIQUARY_USE_ARTIFACT_BY_NAME",
	"USE_ARTIFACT_WITH_ENTITY_AND_PROJECT_INFORMATION",
}

// The releases of the wandb package that the tests of this server run. The
// package turns newer ways of saving off when max is older than it knows them.
const (
	minClient = "0.28.0"
	maxClient = "0.31.0"
)

// ServerInfo is what this server can do.
func (query) ServerInfo(context.Context) (*ServerInfo, error) {
	info := &ServerInfo{Features: make([]*ServerFeature, len(features)), CliVersionInfo: map[string]any{
		"min_cli_version": minClient, "max_cli_version": maxClient,
	}}
	for i, name := range features {
		info.Features[i] = &ServerFeature{Name: name, IsEnabled: true}
	}
	return info, nil
}
