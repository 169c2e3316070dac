package metadata

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"regexp"
	"slices"
	"strings"
)

// Limits of a filter. They keep what a client sends well below what a database
// takes as one statement.
const (
	maxFilterBytes  = 256 << 10
	maxFilterDepth  = 32
	maxFilterTerms  = 500   // comparisons and objects in lists
	maxFilterValues = 5_000 // values of all $in and $nin together
	maxRegexBytes   = 1_000
)

// ParseFilter reads the MongoDB-like JSON that W&B clients send as filters:
// $and, $or, $nor and $not over comparisons with $eq, $ne, $gt, $gte, $lt,
// $lte, $in, $nin, $regex (with $options), $exists and $contains. A bare value
// means equality, several members of one object mean $and. An empty string,
// "null" and "{}" are no filter: nil.
//
// Whatever is not understood is KindInvalid. Field names are checked later,
// when it is known what is being listed: see Subject.Bind.
func ParseFilter(text string) (*Filter, error) {
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	if len(text) > maxFilterBytes {
		return nil, invalidf("the filter is %d bytes long; at most %d are accepted", len(text), maxFilterBytes)
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	v, err := decodeOrdered(d, 0)
	if err != nil {
		return nil, &Error{Kind: KindInvalid, Err: err, Message: fmt.Sprintf("the filter is not JSON: %v; write an object such as {\"state\": \"COMMITTED\"}", err)}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, invalidf("the filter has text behind its closing brace; write one JSON object")
	}
	if v == nil {
		return nil, nil
	}
	o, ok := v.(object)
	if !ok {
		return nil, invalidf("the filter is %s; write an object such as {\"state\": \"COMMITTED\"}", describe(v))
	}
	p := parser{}
	f, err := p.object(o)
	if err != nil {
		return nil, err
	}
	if f.empty() {
		return nil, nil
	}
	return &f, nil
}

// An object keeps the members of a JSON object in order, so that the same
// filter always compiles to the same statement. A name that comes twice counts
// twice, which means $and.
type object []member

type member struct {
	name  string
	value any
}

func decodeOrdered(d *json.Decoder, depth int) (any, error) {
	if depth > 2*maxFilterDepth {
		return nil, fmt.Errorf("nested more than %d deep", 2*maxFilterDepth)
	}
	t, err := d.Token()
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	switch t {
	case json.Delim('{'):
		o := object{}
		for d.More() {
			name, err := d.Token()
			if err != nil {
				return nil, err
			}
			v, err := decodeOrdered(d, depth+1)
			if err != nil {
				return nil, err
			}
			o = append(o, member{name.(string), v})
		}
		_, err := d.Token()
		return o, err
	case json.Delim('['):
		l := []any{}
		for d.More() {
			v, err := decodeOrdered(d, depth+1)
			if err != nil {
				return nil, err
			}
			l = append(l, v)
		}
		_, err := d.Token()
		return l, err
	}
	if n, ok := t.(json.Number); ok {
		return number(n)
	}
	return t, nil
}

func number(n json.Number) (any, error) {
	if i, err := n.Int64(); err == nil {
		return i, nil
	}
	f, err := n.Float64()
	if err != nil || math.IsInf(f, 0) {
		return nil, fmt.Errorf("the number %s is too large", n)
	}
	return f, nil
}

type parser struct {
	depth, terms, values int
}

// term counts what becomes a part of the statement.
func (p *parser) term() error {
	if p.terms++; p.terms > maxFilterTerms {
		return invalidf("the filter has more than %d comparisons; use $in for lists of values", maxFilterTerms)
	}
	return nil
}

// object reads {"name": ..., "$or": [...]}: all its members must hold.
func (p *parser) object(o object) (Filter, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return Filter{}, invalidf("the filter is nested more than %d deep; write it flatter", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	all := make([]Filter, 0, len(o))
	for _, m := range o {
		f, err := p.member(m)
		if err != nil {
			return Filter{}, err
		}
		if !f.empty() {
			all = append(all, f)
		}
	}
	return and(all), nil
}

func and(all []Filter) Filter {
	switch len(all) {
	case 0:
		return Filter{}
	case 1:
		return all[0]
	}
	return Filter{And: all}
}

func or(any []Filter) Filter {
	switch len(any) {
	case 0:
		return Filter{Not: &Filter{}}
	case 1:
		return any[0]
	}
	return Filter{Or: any}
}

func (p *parser) member(m member) (Filter, error) {
	switch m.name {
	case "$and", "$or", "$nor":
		list, err := p.list(m)
		if err != nil {
			return Filter{}, err
		}
		switch m.name {
		case "$and":
			return and(slices.DeleteFunc(list, func(f Filter) bool { return f.empty() })), nil
		case "$or":
			return or(list), nil
		}
		f := or(list)
		return Filter{Not: &f}, nil
	case "$not":
		o, ok := m.value.(object)
		if !ok {
			return Filter{}, invalidf("$not takes an object such as {\"state\": \"DELETED\"}, not %s", describe(m.value))
		}
		f, err := p.object(o)
		return Filter{Not: &f}, err
	}
	if strings.HasPrefix(m.name, "$") {
		return Filter{}, unknownOperator(m.name, logicOperators)
	}
	if m.name == "" {
		return Filter{}, invalidf("the filter has an empty field name")
	}
	o, ok := m.value.(object)
	if !ok || !operators(o) {
		return p.compare(m.name, Eq, m.value)
	}
	return p.comparisons(m.name, o)
}

// list reads the operand of $and, $or and $nor. W&B's own query builder also
// writes a single object there.
func (p *parser) list(m member) ([]Filter, error) {
	items, ok := m.value.([]any)
	if !ok {
		items = []any{m.value}
	}
	list := make([]Filter, 0, len(items))
	for _, item := range items {
		o, ok := item.(object)
		if !ok {
			return nil, invalidf("%s takes a list of objects such as [{\"state\": \"COMMITTED\"}]; one of its items is %s", m.name, describe(item))
		}
		if err := p.term(); err != nil {
			return nil, err
		}
		f, err := p.object(o)
		if err != nil {
			return nil, err
		}
		list = append(list, f)
	}
	return list, nil
}

// operators tells {"$gt": 1} from an object that is meant as a value.
func operators(o object) bool {
	return slices.ContainsFunc(o, func(m member) bool { return strings.HasPrefix(m.name, "$") })
}

// comparisons reads {"$gte": 1, "$lt": 5} on one field.
func (p *parser) comparisons(field string, o object) (Filter, error) {
	if p.depth++; p.depth > maxFilterDepth {
		return Filter{}, invalidf("the filter is nested more than %d deep; write it flatter", maxFilterDepth)
	}
	defer func() { p.depth-- }()
	var all []Filter
	for _, m := range o {
		switch m.name {
		case "$options":
			if !slices.ContainsFunc(o, func(m member) bool { return m.name == "$regex" }) {
				return Filter{}, invalidf("the filter on %s has $options without $regex", field)
			}
			continue
		case "$not":
			inner, ok := m.value.(object)
			if !ok || !operators(inner) {
				return Filter{}, invalidf("$not on %s takes an object with an operator, such as {\"$gt\": 5}, not %s", field, describe(m.value))
			}
			f, err := p.comparisons(field, inner)
			if err != nil {
				return Filter{}, err
			}
			all = append(all, Filter{Not: &f})
			continue
		}
		op, ok := strings.CutPrefix(m.name, "$")
		if !ok || !slices.Contains(comparisonOperators, m.name) {
			return Filter{}, unknownOperator(m.name, comparisonOperators)
		}
		value := m.value
		if m.name == "$regex" {
			v, err := withOptions(field, value, o)
			if err != nil {
				return Filter{}, err
			}
			value = v
		}
		f, err := p.compare(field, Op(op), value)
		if err != nil {
			return Filter{}, err
		}
		all = append(all, f)
	}
	return and(all), nil
}

// withOptions puts $options, which MongoDB writes beside the pattern, into it.
func withOptions(field string, pattern any, o object) (any, error) {
	text, ok := pattern.(string)
	if !ok {
		return nil, invalidf("$regex on %s takes a text, not %s", field, describe(pattern))
	}
	for _, m := range o {
		if m.name != "$options" {
			continue
		}
		flags, ok := m.value.(string)
		if !ok || strings.Trim(flags, "ims") != "" {
			return nil, invalidf("$options on %s may be made of the letters i, m and s", field)
		}
		if flags != "" {
			text = "(?" + flags + ")" + text
		}
	}
	return text, nil
}

func (p *parser) compare(field string, op Op, value any) (Filter, error) {
	if err := p.term(); err != nil {
		return Filter{}, err
	}
	switch op {
	case In, NotIn:
		list, ok := value.([]any)
		if !ok {
			return Filter{}, invalidf("$%s on %s takes a list such as [\"a\", \"b\"], not %s", op, field, describe(value))
		}
		if p.values += len(list); p.values > maxFilterValues {
			return Filter{}, invalidf("the filter has more than %d values in its lists; ask in several parts", maxFilterValues)
		}
		for _, v := range list {
			if !scalar(v) {
				return Filter{}, invalidf("$%s on %s takes texts, numbers, true, false and null; one of its items is %s", op, field, describe(v))
			}
		}
	case Exists:
		if _, ok := value.(bool); !ok {
			return Filter{}, invalidf("$exists on %s takes true or false, not %s", field, describe(value))
		}
	case Regex:
		text, ok := value.(string)
		if !ok {
			return Filter{}, invalidf("$regex on %s takes a text, not %s", field, describe(value))
		}
		if len(text) > maxRegexBytes {
			return Filter{}, invalidf("the pattern of $regex on %s is longer than %d bytes", field, maxRegexBytes)
		}
		if _, err := regexp.Compile(text); err != nil {
			return Filter{}, &Error{Kind: KindInvalid, Err: err, Message: fmt.Sprintf("the pattern of $regex on %s is not understood: %v; patterns are written in RE2 syntax", field, err)}
		}
	default:
		if !scalar(value) {
			return Filter{}, invalidf("$%s on %s takes a text, a number, true, false or null, not %s", op, field, describe(value))
		}
	}
	return Filter{Field: field, Op: op, Value: value}, nil
}

func scalar(v any) bool {
	switch v.(type) {
	case nil, string, int64, float64, bool:
		return true
	}
	return false
}

func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return fmt.Sprintf("the text %.60q", v)
	case object:
		return "an object"
	case []any:
		return "a list"
	}
	return fmt.Sprint(v)
}

var (
	logicOperators      = []string{"$and", "$or", "$nor", "$not"}
	comparisonOperators = []string{"$eq", "$ne", "$gt", "$gte", "$lt", "$lte", "$in", "$nin", "$regex", "$exists", "$contains"}
)

func unknownOperator(name string, known []string) error {
	for _, other := range [][]string{logicOperators, comparisonOperators} {
		if slices.Contains(other, name) {
			if name == "$not" || slices.Contains(comparisonOperators, name) {
				return invalidf("the operator %s must stand behind a field name, as in {\"name\": {%q: ...}}", name, name)
			}
			return invalidf("the operator %s must stand beside field names, as in {%q: [{\"name\": ...}]}", name, name)
		}
	}
	return invalidf("the filter has the unknown operator %.60q; did you mean %s? Known here: %s", name, nearest(name, known), strings.Join(known, " "))
}
