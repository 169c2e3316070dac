package metadata

// A Filter is a condition on the fields of listed things, in the form of the
// MongoDB-like JSON that W&B clients send. ParseFilter makes one. A nil Filter
// and the zero Filter hold for everything.
type Filter struct {
	// At most one of And, Or, Not and Field is used.
	And, Or []Filter
	Not     *Filter
	// Field is a name as the client wrote it: created_at and createdAt are the
	// same field. Subject.Bind makes it canonical.
	Field string
	Op    Op
	// Value is a string, int64, float64, bool or nil; a []any of these for In
	// and NotIn; a bool for Exists; after Subject.Bind a time.Time for times.
	Value any
}

// An Op compares a field with a value.
type Op string

// The operators, named as in the JSON without the $. They follow MongoDB: a
// field that is not there is equal to null, unequal to everything else, and
// neither less nor greater; a list (tags, aliases) fits when one element does,
// and is unequal when none is equal.
const (
	Eq       Op = "eq"
	Ne       Op = "ne"
	Gt       Op = "gt"
	Gte      Op = "gte"
	Lt       Op = "lt"
	Lte      Op = "lte"
	In       Op = "in"
	NotIn    Op = "nin"
	Regex    Op = "regex" // RE2 syntax, found anywhere in the text
	Exists   Op = "exists"
	Contains Op = "contains" // part of a text, or element of a list
)

func (f *Filter) empty() bool {
	return f == nil || f.And == nil && f.Or == nil && f.Not == nil && f.Field == ""
}
