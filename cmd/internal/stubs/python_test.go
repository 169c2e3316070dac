package main

import (
	"strings"
	"testing"
)

func TestPython(t *testing.T) {
	operations, err := parsed(t,
		`{"operations": [{"name": "artifact_load", "description": "Load it. With more words.",
			"types": {"output": "Loaded", "output.size": "Bytes", "output.changes[]": "Change", "output.diff": "Diff", "input.fruit[]": "Fruit"}}]}`,
		`{"type": "object", "properties": {
			"zebra": {"type": "string", "enum": ["a", "b"], "default": "a"},
			"apple": {"type": "array", "items": {"type": "string"}, "description": "Kept in \"order\"."},
			"from": {"type": "string"},
			"fruit": {"type": "array", "items": {"type": "string", "enum": ["p", "q"]}},
			"free": {"type": "object"}}, "required": ["apple"]}`,
		`{"type": "object", "properties": {
			"size": {"type": "string"},
			"diff": {"type": "object", "properties": {"from": {"type": "string"}}, "required": ["from"]},
			"at": {"type": "string", "format": "date-time", "description": "When."},
			"changes": {"type": "array", "items": {"type": "object", "properties": {"from": {"type": "string"}, "field": {"type": "string"}}, "required": ["field"]}}},
			"required": ["size", "changes", "diff"]}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		write func([]operation) ([]byte, error)
		want  string
	}{
		{pythonTypes, `

Fruit = Literal[
    "p",
    "q",
]


_DiffRequired = TypedDict(
    "_DiffRequired",
    {
        "from": str,
    },
)


class Diff(_DiffRequired):
    pass


_Change = TypedDict(
    "_Change",
    {
        "from": str,
    },
    total=False,
)


class Change(_Change):
    field: str


class _Loaded(TypedDict, total=False):
    # When.
    at: Time


class Loaded(_Loaded):
    size: Digits
    diff: Diff
    changes: list[Change]
`},
		{pythonAsyncOperations, `
    async def artifact_load(
        self,
        *,
        apple: list[str],
        zebra: Literal["a", "b"] | None = None,
        from_: str | None = None,
        fruit: list[_types.Fruit] | None = None,
        free: dict[str, Any] | None = None,
    ) -> _types.Loaded:
        """Load it.

        Args:
            zebra: Default: a.
            apple: Kept in "order".
        """
        answer: _types.Loaded = await self._call(
            "artifact_load",
            {
                "zebra": zebra,
                "apple": apple,
                "from": from_,
                "fruit": fruit,
                "free": free,
            },
        )
        return answer
`},
	} {
		got, err := tt.write(operations)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasSuffix(string(got), tt.want) {
			t.Errorf("got %s\nwant at its end %s", got, tt.want)
		}
	}
	operations, err = parsed(t, `{"operations": [{"name": "o"}]}`, `{"type": "object", "properties": {"a": {"type": "null"}}}`, `{"type": "object"}`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pythonTypes(operations); err == nil || !strings.Contains(err.Error(), `"null" is a type that this program does not know`) {
		t.Errorf("a type that nobody knows: %v", err)
	}
}
