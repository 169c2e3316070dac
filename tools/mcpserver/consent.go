package mcpserver

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A Confirm says who has to agree before something is destroyed, beyond the plan
// that it always takes.
type Confirm string

// The ways to confirm. The zero value is ConfirmPerson.
const (
	// ConfirmPerson asks the person who uses the client, through the client
	// where it can ask, and otherwise with a one-time code that only the person
	// is shown. A model cannot agree in the person's place.
	ConfirmPerson Confirm = "person"
	// ConfirmPlan asks through the client where it can ask. Otherwise the plan is
	// enough, and whether the person is asked is up to the model.
	ConfirmPlan Confirm = "plan"
	// ConfirmNever asks nobody: the plan is enough.
	ConfirmNever Confirm = "never"
)

// confirmationArgument is the argument that carries a one-time code. It is no
// part of the operation: the server adds it, and takes it out.
const confirmationArgument = "confirmation"

const (
	consentLasts  = 15 * time.Minute
	consentTries  = 3   // for one code
	consentsAsked = 100 // codes that are open at a time
	agreeField    = "agree"
	consentID     = "consent"
)

// A consenter finds out whether a person agrees. What it asked is known to this
// process only, and gone with it.
type consenter struct {
	confirm Confirm
	show    func(text string) (where string, err error)
	secret  [32]byte
	now     func() time.Time
	mu      sync.Mutex
	open    map[string]*openConsent // guarded by mu; by what is to be done
}

// An openConsent is a code that has been shown and not been used.
type openConsent struct {
	code  string
	until time.Time
	tries int // guarded by the consenter's mu
}

func newConsenter(confirm Confirm, show func(string) (string, error)) *consenter {
	c := &consenter{confirm: confirm, show: show, now: time.Now, open: map[string]*openConsent{}}
	if c.confirm == "" {
		c.confirm = ConfirmPerson
	}
	_, _ = rand.Read(c.secret[:]) // never fails
	return c
}

// wantsCode reports whether calls of an operation may take a one-time code.
func (c *consenter) wantsCode(op tools.Operation) bool {
	return op.Effect == tools.Destroys && c.confirm == ConfirmPerson
}

// takeCode takes the code out of the arguments. What it returns is the same
// text whether or not there was one, and in whichever order a client writes
// arguments: the code is good for that text.
func (c *consenter) takeCode(op tools.Operation, arguments json.RawMessage) (_ json.RawMessage, code string) {
	if !c.wantsCode(op) {
		return arguments, ""
	}
	var all map[string]json.RawMessage
	if json.Unmarshal(arguments, &all) != nil {
		return arguments, ""
	}
	if given, ok := all[confirmationArgument]; ok {
		if json.Unmarshal(given, &code) != nil {
			return arguments, ""
		}
		delete(all, confirmationArgument)
	}
	text, err := json.Marshal(all)
	if err != nil {
		return arguments, ""
	}
	return text, code
}

// consent returns nil where a call may go on, and otherwise what is to be
// answered: a question for the person, or an error.
func (s *Server) consent(ctx context.Context, op tools.Operation, client *artifacts.Client, request mcp.CallToolRequest, arguments json.RawMessage, code string) (*mcp.CallToolResult, error) {
	c := s.consenter
	if op.Effect != tools.Destroys || c.confirm == ConfirmNever {
		return nil, nil
	}
	what, needed, err := whatFor(ctx, op, client, arguments)
	if err != nil || !needed {
		return nil, err
	}
	deed := deedOf(ctx, op, arguments)
	if canElicit(ctx) {
		return c.ask(request, deed, what)
	}
	if c.confirm == ConfirmPlan {
		return nil, nil
	}
	return nil, c.checkCode(deed, code, what)
}

// whatFor words for a person what is about to be done. needed is false where
// nothing is destroyed.
func whatFor(ctx context.Context, op tools.Operation, client *artifacts.Client, arguments json.RawMessage) (text string, needed bool, err error) {
	if op.Name != tools.ApplyPlanName {
		shown, err := compact(arguments)
		return op.Title + ": " + cleanText(string(shown)), true, err
	}
	var in tools.ApplyPlanInput
	if err := json.Unmarshal(arguments, &in); err != nil {
		return "", false, err
	}
	plan, err := tools.PlanOf(ctx, client, in.PlanID)
	if err != nil {
		return "", false, op.Explain(ctx, err)
	}
	return planWords(client.BaseURL(), plan), plan.Destroys, nil
}

// planWords are what a person is shown of a plan.
func planWords(place string, plan tools.PlanChangeOutput) string {
	var b strings.Builder
	fmt.Fprintf(&b, "An agent is about to do this on %s: it %s.\n", place, oneLine(plan.Summary))
	if plan.FreedBytes != nil {
		fmt.Fprintf(&b, "That frees %d bytes.\n", *plan.FreedBytes)
	}
	for _, w := range plan.Warnings {
		fmt.Fprintf(&b, "! %s\n", oneLine(w))
	}
	const shown = 20
	for _, item := range plan.Items[:min(shown, len(plan.Items))] {
		fmt.Fprintf(&b, "- %s (%s)\n", oneLine(item.Name), oneLine(item.Why))
	}
	if more := len(plan.Items) + plan.MoreItems - shown; more > 0 {
		fmt.Fprintf(&b, "and %d more\n", more)
	}
	return cleanText(b.String())
}

// oneLine keeps names that others gave from starting a line of their own.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool {
		return r == '\n' || r == '\r' || r == '\v' || r == '\f' || r == '\u0085' || r == '\u2028' || r == '\u2029'
	}), " ")
}

// deedOf names what is to be done, and by whom: an agreement to one thing is none
// to another.
func deedOf(ctx context.Context, op tools.Operation, arguments json.RawMessage) string {
	key, _ := callerOf(ctx)
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte(op.Name), []byte(key), arguments}, []byte{0}))
	return string(sum[:])
}

// canElicit reports whether the client can ask the person.
func canElicit(ctx context.Context) bool {
	if server.IsModernRequest(ctx) {
		can := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities
		return can != nil && can.Elicitation != nil
	}
	session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
	return ok && session.GetClientCapabilities().Elicitation != nil
}

// ask asks the person through the client: first with a question as the answer to
// the call, then by what the client sends with the call made again.
func (c *consenter) ask(request mcp.CallToolRequest, deed, what string) (*mcp.CallToolResult, error) {
	answer := server.ElicitationResponse(request.Params.InputResponses, consentID)
	if answer == nil {
		b := server.NewInputRequestBuilder(c.seal(deed, c.now().Add(consentLasts)))
		b.Elicit(consentID, mcp.ElicitationParams{
			Message: what,
			RequestedSchema: map[string]any{
				"type":       "object",
				"properties": map[string]any{agreeField: map[string]any{"type": "boolean", "title": "Do it", "description": "This cannot be undone by the agent."}},
				"required":   []string{agreeField},
			},
		})
		return b.ToolResult(), nil
	}
	if !c.sealed(request.Params.RequestState, deed) {
		return nil, &tools.Error{
			Code: artifacts.KindConflict, Message: "the answer belongs to another question, or came too late; nothing was done",
			Next: "call again; the user is asked anew",
		}
	}
	content, _ := answer.Content.(map[string]any)
	if agreed, _ := content[agreeField].(bool); answer.Action == mcp.ElicitationResponseActionAccept && agreed {
		return nil, nil
	}
	return nil, &tools.Error{
		Code: artifacts.KindDenied, Message: "the user was asked and did not agree; nothing was done",
		Next: "do not try again unless the user asks for it",
	}
}

// seal makes a request state that only this server can make, for one deed.
func (c *consenter) seal(deed string, until time.Time) string {
	when := strconv.FormatInt(until.Unix(), 10)
	mac := hmac.New(sha256.New, c.secret[:])
	mac.Write([]byte(when + "\x00" + deed))
	return when + "." + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// sealed checks a request state.
func (c *consenter) sealed(state, deed string) bool {
	when, _, _ := strings.Cut(state, ".")
	until, err := strconv.ParseInt(when, 10, 64)
	return err == nil && c.now().Unix() <= until && hmac.Equal([]byte(state), []byte(c.seal(deed, time.Unix(until, 0))))
}

// checkCode takes the code that the person was shown, or shows one and says
// where. Showing may take its time, and holds up nobody else.
func (c *consenter) checkCode(deed, code, what string) error {
	open, err := c.openFor(deed, code)
	if open == nil {
		return err
	}
	where, err := c.show(what + "\nIf you want that, give the agent this code: " + open.code + "\nIt is good once, until " + open.until.UTC().Format(time.TimeOnly) + " UTC. If you did not ask for it, do nothing.\n")
	if err != nil {
		c.withdraw(deed, open)
		return &tools.Error{Code: artifacts.KindDenied, Message: "a person has to agree to this and cannot be shown a code: " + err.Error() + "; nothing was done",
			Next: "ask the user to do it with the command line, or to start `reliquary mcp` with --confirm=plan"}
	}
	return &tools.Error{
		Code: artifacts.KindDenied, Argument: confirmationArgument,
		Message: "a person has to agree to this; nothing was done yet",
		Next: "tell the user what you are about to do, and that a one-time code waits for them " + where +
			"; do not look for it yourself. If they give it to you, call again with the same arguments and the code in " + confirmationArgument,
	}
}

// openFor returns what a person is to be shown for a deed. nil is for where
// nobody is: with a nil error the code was right, and is used up.
func (c *consenter) openFor(deed, code string) (*openConsent, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	for d, o := range c.open {
		if now.After(o.until) {
			delete(c.open, d)
		}
	}
	open := c.open[deed]
	if code != "" && open != nil {
		if hmac.Equal([]byte(normalCode(code)), []byte(normalCode(open.code))) {
			delete(c.open, deed)
			return nil, nil
		}
		if open.tries++; open.tries < consentTries {
			return nil, &tools.Error{
				Code: artifacts.KindDenied, Argument: confirmationArgument, Message: "that is not the code that the user was shown; nothing was done",
				Next: "ask the user to read it again; it cannot be guessed, and after some wrong ones there is a new one",
			}
		}
		delete(c.open, deed)
		open = nil
	}
	if open == nil {
		if c.show == nil || len(c.open) >= consentsAsked {
			return nil, &tools.Error{
				Code: artifacts.KindDenied, Message: "a person has to agree to this, and there is no way to ask one; nothing was done",
				Next: "ask the user to do it with the command line, or to start `reliquary mcp` with --confirm=plan",
			}
		}
		open = &openConsent{code: newCode(), until: now.Add(consentLasts)}
		c.open[deed] = open
	}
	return open, nil
}

// withdraw takes back a code that could not be shown.
func (c *consenter) withdraw(deed string, open *openConsent) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open[deed] == open {
		delete(c.open, deed)
	}
}

// newCode is easy to read and hard to guess: 40 bits, with three tries.
func newCode() string {
	var b [5]byte
	_, _ = rand.Read(b[:]) // never fails
	text := base32.StdEncoding.EncodeToString(b[:])
	return text[:4] + "-" + text[4:]
}

func normalCode(code string) string {
	return strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(strings.TrimSpace(code)))
}

// withCode adds the argument for a one-time code to an input schema.
func withCode(schema json.RawMessage) json.RawMessage {
	var s map[string]json.RawMessage
	var properties map[string]json.RawMessage
	if json.Unmarshal(schema, &s) != nil || json.Unmarshal(s["properties"], &properties) != nil {
		return schema
	}
	properties[confirmationArgument] = json.RawMessage(`{"type":"string","description":"One-time code, where the server asks for one."}`)
	var err error
	if s["properties"], err = json.Marshal(properties); err != nil {
		return schema
	}
	text, err := json.Marshal(s)
	if err != nil {
		return schema
	}
	return text
}
