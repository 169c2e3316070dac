package wire

import "testing"

func TestPrint(t *testing.T) {
	d, err := Document[inType[Versions]](Op{Name: "ProjectArtifacts"}, Page{First: 50}.counted(Vars{"filters": optional(JSONString("")), "order": optional(""), "entity": "", "type": ""}))
	t.Log(d, err)
	d, err = Document[updateSequence](Op{"UpdateArtifactSequence", Sets}, Vars{"input": UpdateArtifactSequenceInput{}})
	t.Log(d, err)
	d, err = Document[listsOfType[chosenCollections]](Op{"U", Reads}, Vars{"input": []string{}, "names": (*[]string)(nil), "id": ID("")})
	t.Log(d, err)
}
