package main

import (
	"bytes"
	"fmt"
)

// A member is one documented member of a class of the wandb package: what it
// is called there, what it is called here, and the test that uses it against
// the embedded registry with data that the wandb package wrote.
type member struct {
	class, name string
	here        string
	test        string
}

// members are all of them, in the order of the documentation.
var members = []member{
	{"ArtifactTypes", "(iterate)", "Client.ArtifactTypes, All, Page", "TestArtifactTypes_All"},
	{"ArtifactType", "client", "ArtifactType.Client", "TestArtifactType_Arguments"},
	{"ArtifactType", "entity", "ArtifactType.Entity", "TestArtifactType_Arguments"},
	{"ArtifactType", "project", "ArtifactType.Project", "TestArtifactType_Arguments"},
	{"ArtifactType", "type_name, name", "ArtifactType.Name", "TestArtifactType_Name"},
	{"ArtifactType", "attrs", "ArtifactType.Attrs", "TestArtifactType_Arguments"},
	{"ArtifactType", "id", "ArtifactType.ID", "TestArtifactType_ID"},
	{"ArtifactType", "collection(name)", "ArtifactType.Collection", "TestArtifactType_Collection"},
	{"ArtifactType", "collections(per_page=50)", "ArtifactType.Collections", "TestArtifactType_Collections"},
	{"ArtifactCollections", "(iterate)", "Client.ArtifactCollections, All, Page", "TestArtifactCollections_All"},
	{"ArtifactCollections", "length", "ArtifactCollections.Len", "TestArtifactCollections_Length"},
	{"ArtifactCollection", "entity", "ArtifactCollection.Entity", "TestArtifactCollection_Arguments"},
	{"ArtifactCollection", "project", "ArtifactCollection.Project", "TestArtifactCollection_Arguments"},
	{"ArtifactCollection", "name", "ArtifactCollection.Name, SetName", "TestArtifactCollection_Name"},
	{"ArtifactCollection", "type", "ArtifactCollection.Type, SetType", "TestArtifactCollection_Type"},
	{"ArtifactCollection", "organization", "ArtifactCollection.Organization", "TestArtifactCollection_Arguments"},
	{"ArtifactCollection", "attrs", "ArtifactCollection.Attrs", "TestArtifactCollection_Arguments"},
	{"ArtifactCollection", "aliases", "ArtifactCollection.Aliases", "TestArtifactCollection_Aliases"},
	{"ArtifactCollection", "created_at", "ArtifactCollection.CreatedAt", "TestArtifactCollection_CreatedAt"},
	{"ArtifactCollection", "description", "ArtifactCollection.Description, SetDescription", "TestArtifactCollection_Description"},
	{"ArtifactCollection", "id", "ArtifactCollection.ID", "TestArtifactCollection_ID"},
	{"ArtifactCollection", "tags", "ArtifactCollection.Tags, SetTags", "TestArtifactCollection_Tags"},
	{"ArtifactCollection", "artifacts(per_page=50)", "ArtifactCollection.Artifacts", "TestArtifactCollection_Artifacts"},
	{"ArtifactCollection", "change_type(new_type)", "ArtifactCollection.ChangeType (deprecated: SetType, Save)", "TestArtifactCollection_ChangeType"},
	{"ArtifactCollection", "delete()", "ArtifactCollection.Delete", "TestArtifactCollection_Delete"},
	{"ArtifactCollection", "is_sequence()", "ArtifactCollection.IsSequence", "TestArtifactCollection_IsSequence"},
	{"ArtifactCollection", "save()", "ArtifactCollection.Save", "TestArtifactCollection_Save"},
	{"Artifacts", "collection_name", "Artifacts.CollectionName", "TestArtifacts_CollectionName"},
	{"Artifacts", "type", "Artifacts.Type", "TestArtifacts_Type"},
	{"Artifacts", "filters", "ArtifactsOptions.Filters", "TestArtifacts_Filters"},
	{"Artifacts", "order", "ArtifactsOptions.Order", "TestArtifacts_Order"},
	{"Artifacts", "per_page=50", "ArtifactsOptions.PerPage; All, Page", "TestArtifacts_PerPage"},
	{"Artifacts", "tags", "ArtifactsOptions.Tags", "TestArtifacts_Tags"},
	{"Artifacts", "length", "Artifacts.Len", "TestArtifacts_Length"},
	{"RunArtifacts", "logged", "Client.RunArtifacts", "TestRunArtifacts_Logged"},
	{"RunArtifacts", "used", "Client.RunArtifacts", "TestRunArtifacts_Used"},
	{"RunArtifacts", "length", "RunArtifacts.Len", "TestRunArtifacts_Length"},
	{"ArtifactFiles", "(iterate)", "Artifact.Files, All, Page", "TestArtifactFiles_All"},
	{"ArtifactFiles", "path", "ArtifactFiles.Path", "TestArtifactFiles_Path"},
	{"ArtifactFiles", "length", "ArtifactFiles.Len", "TestArtifactFiles_Length"},
}

// membersTable names a class once, at its first member.
func membersTable(members []member) []byte {
	var b bytes.Buffer
	b.WriteString("| class | member | in Go | test |\n|---|---|---|---|\n")
	class := ""
	for _, m := range members {
		shown := ""
		if m.class != class {
			class, shown = m.class, "`"+m.class+"`"
		}
		fmt.Fprintf(&b, "| %s | `%s` | `%s` | `%s` |\n", shown, m.name, m.here, m.test)
	}
	return b.Bytes()
}
