package mcpserver_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/reliquary/reliquary/tools"
	"github.com/reliquary/reliquary/tools/mcpserver"
)

// What the conformance suite wants a server to serve, so that it has something
// to call: tools, resources and prompts whose names and answers it prescribes.
// They stand behind everything that ours stand behind, and only in tests.

const (
	fixtureImage = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
	fixtureAudio = "UklGRiQAAABXQVZFZm10IBAAAAABAAEARKwAAIhYAQACABAAZGF0YQAAAAA="
)

// conformanceServer is a server with the suite's fixtures and no tools of ours.
func conformanceServer() *mcpserver.Server {
	s := mcpserver.NewWith(mcpserver.Options{Open: anyClient, Operations: []tools.Operation{}, Version: "1"},
		server.WithResourceCapabilities(true, false),
	)
	s.Underlying().EnableSampling()
	f := fixtures{s}
	f.contents()
	f.notifications()
	f.questions()
	f.rounds()
	f.resources()
	f.prompts()
	return s
}

type fixtures struct{ *mcpserver.Server }

// tool adds a tool without arguments, or with a schema for them.
func (f fixtures) tool(name string, handler server.ToolHandlerFunc, options ...mcp.ToolOption) {
	f.Underlying().AddTool(mcp.NewTool(name, append([]mcp.ToolOption{mcp.WithDescription("A tool of the conformance suite.")}, options...)...), handler)
}

// answers makes a handler that always returns the same.
func answering(content ...mcp.Content) server.ToolHandlerFunc {
	return func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return &mcp.CallToolResult{Content: content}, nil
	}
}

// contents are tools that answer with every kind of content.
func (f fixtures) contents() {
	image := mcp.NewImageContent(fixtureImage, "image/png")
	f.tool("test_simple_text", answering(mcp.NewTextContent("This is a simple text response for testing.")))
	f.tool("test_image_content", answering(image))
	f.tool("test_audio_content", answering(mcp.NewAudioContent(fixtureAudio, "audio/wav")))
	f.tool("test_embedded_resource", answering(mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://embedded-resource", MIMEType: "text/plain", Text: "This is an embedded resource content.",
	})))
	f.tool("test_multiple_content_types", answering(mcp.NewTextContent("Multiple content types test:"), image,
		mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: "test://mixed-content-resource", MIMEType: "application/json", Text: `{"test":"data","value":123}`})))
	f.tool("test_error_handling", func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
	f.Underlying().AddTool(mcp.NewToolWithRawSchema("json_schema_2020_12_tool", "Tool with JSON Schema 2020-12 features", json.RawMessage(`{
		"$schema": "https://json-schema.org/draft/2020-12/schema", "type": "object",
		"$defs": {"address": {"$anchor": "addressDef", "type": "object", "properties": {"street": {"type": "string"}, "city": {"type": "string"}}}},
		"properties": {"name": {"type": "string"}, "address": {"$ref": "#/$defs/address"},
			"contactMethod": {"type": "string", "enum": ["phone", "email"]}, "phone": {"type": "string"}, "email": {"type": "string"}},
		"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
		"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
		"then": {"required": ["phone"]}, "else": {"required": ["email"]}, "additionalProperties": false}`)),
		answering(mcp.NewTextContent("ok")))
}

// notifications are tools that tell something before they answer.
func (f fixtures) notifications() {
	f.tool("test_tool_with_progress", func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if request.Params.Meta == nil || request.Params.Meta.ProgressToken == nil {
			return mcp.NewToolResultText("nobody wants to know"), nil
		}
		for _, n := range []int{0, 50, 100} {
			if err := f.Notify(ctx, mcp.MethodNotificationProgress, map[string]any{
				"progressToken": request.Params.Meta.ProgressToken, "progress": n, "total": 100,
			}); err != nil {
				return nil, err
			}
		}
		return mcp.NewToolResultText("progress reported"), nil
	})
	logging := func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		for _, m := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
			f.LogToClient(ctx, mcp.LoggingLevelInfo, m)
		}
		return mcp.NewToolResultText("logged"), nil
	}
	f.tool("test_tool_with_logging", logging)
	f.tool("test_logging_tool", logging)
}

// questions are tools that ask the client, in the way of protocols before 2026-07-28.
func (f fixtures) questions() {
	ask := func(name string, schema map[string]any, options ...mcp.ToolOption) {
		f.tool(name, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			answer, err := f.Underlying().RequestElicitation(ctx, mcp.ElicitationRequest{
				Request: mcp.Request{Method: string(mcp.MethodElicitationCreate)},
				Params:  mcp.ElicitationParams{Message: request.GetString("message", "Please answer"), RequestedSchema: schema},
			})
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
		}, options...)
	}
	object := func(properties map[string]any) map[string]any {
		return map[string]any{"type": "object", "properties": properties}
	}
	text := map[string]any{"type": "string"}
	ask("test_elicitation", object(map[string]any{"username": text, "email": text}), mcp.WithString("message", mcp.Required()))
	ask("test_elicitation_sep1034_defaults", object(map[string]any{
		"name": map[string]any{"type": "string", "default": "John Doe"}, "age": map[string]any{"type": "integer", "default": 30},
		"score":    map[string]any{"type": "number", "default": 95.5},
		"status":   map[string]any{"type": "string", "enum": []string{"active", "inactive", "pending"}, "default": "active"},
		"verified": map[string]any{"type": "boolean", "default": true},
	}))
	titled := []any{map[string]any{"const": "value1", "title": "First"}, map[string]any{"const": "value2", "title": "Second"}}
	ask("test_elicitation_sep1330_enums", object(map[string]any{
		"untitledSingle": map[string]any{"type": "string", "enum": []string{"option1", "option2"}},
		"titledSingle":   map[string]any{"type": "string", "oneOf": titled},
		"legacyEnum":     map[string]any{"type": "string", "enum": []string{"opt1", "opt2"}, "enumNames": []string{"One", "Two"}},
		"untitledMulti":  map[string]any{"type": "array", "items": map[string]any{"type": "string", "enum": []string{"option1", "option2"}}},
		"titledMulti":    map[string]any{"type": "array", "items": map[string]any{"anyOf": titled}},
	}))
	f.tool("test_sampling", func(_ context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		const id = "answer"
		if answer := server.SamplingResponse(request.Params.InputResponses, id); answer != nil {
			return mcp.NewToolResultText(fmt.Sprintf("LLM response: %v", answer.Content)), nil
		}
		b := server.NewInputRequestBuilder("")
		b.Sample(id, sampling(request.GetString("prompt", "")))
		return b.ToolResult(), nil // which the library asks for in the old way
	}, mcp.WithString("prompt", mcp.Required()))
}

func sampling(prompt string) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: 100,
	}
}

// A round is what a tool asks for when it has been answered nothing yet.
type round func(ctx context.Context, b *server.InputRequestBuilder)

func asking(id, message, property string) round {
	return func(_ context.Context, b *server.InputRequestBuilder) {
		b.Elicit(id, mcp.ElicitationParams{Message: message, RequestedSchema: map[string]any{
			"type": "object", "properties": map[string]any{property: map[string]any{"type": "string"}}, "required": []string{property},
		}})
	}
}

// sealed is a request state that nobody else can make.
func sealed(state string) string {
	mac := hmac.New(sha256.New, []byte("the key of the fixtures"))
	mac.Write([]byte(state))
	return state + "." + hex.EncodeToString(mac.Sum(nil))
}

// rounds are tools that ask the client, in the way of protocol 2026-07-28.
func (f fixtures) rounds() {
	add := func(name string, rounds ...round) {
		f.tool(name, func(ctx context.Context, request mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			n := 0
			if state := request.Params.RequestState; state != "" {
				text, _, _ := strings.Cut(state, ".")
				if sealed(text) != state {
					return nil, errors.New("the request state is not ours")
				}
				_, _ = fmt.Sscan(text, &n) // a state that is ours is a number
			}
			if answered(request.Params.InputResponses) {
				if n++; n >= len(rounds) {
					return mcp.NewToolResultText("thank you: " + greeting(request.Params.InputResponses)), nil
				}
			}
			b := server.NewInputRequestBuilder(sealed(fmt.Sprint(n)))
			rounds[n](ctx, b)
			return b.ToolResult(), nil
		})
	}
	name := asking("user_name", "What is your name?", "name")
	capital := func(_ context.Context, b *server.InputRequestBuilder) {
		b.Sample("capital_question", sampling("What is the capital of France?"))
	}
	roots := func(_ context.Context, b *server.InputRequestBuilder) { b.Roots("client_roots") }
	add("test_input_required_result_elicitation", name)
	add("test_streaming_elicitation", name)
	add("test_input_required_result_sampling", capital)
	add("test_input_required_result_list_roots", roots)
	add("test_input_required_result_request_state", asking("confirm", "Please confirm", "ok"))
	add("test_input_required_result_tampered_state", asking("confirm", "Please confirm", "ok"))
	add("test_input_required_result_multiple_inputs", func(ctx context.Context, b *server.InputRequestBuilder) {
		name(ctx, b)
		b.Sample("greeting", sampling("Generate a greeting"))
		roots(ctx, b)
	})
	add("test_input_required_result_multi_round", asking("step1", "Step 1: What is your name?", "name"), asking("step2", "Step 2: What is your favorite color?", "color"))
	add("test_input_required_result_capabilities", func(ctx context.Context, b *server.InputRequestBuilder) {
		has := server.RequestProtocolInfoFromContext(ctx).ClientCapabilities
		if has.Elicitation != nil {
			name(ctx, b)
		}
		if has.Sampling != nil {
			capital(ctx, b)
		}
	})
}

// answered reports whether there is an answer in a form that an answer can have.
func answered(responses mcp.InputResponses) bool {
	for id := range responses {
		if server.ElicitationResponse(responses, id) != nil && server.ElicitationResponse(responses, id).Action != "" ||
			server.SamplingResponse(responses, id) != nil && server.SamplingResponse(responses, id).Content != nil ||
			server.RootsResponse(responses, id) != nil && server.RootsResponse(responses, id).Roots != nil {
			return true
		}
	}
	return false
}

func greeting(responses mcp.InputResponses) string {
	if e := server.ElicitationResponse(responses, "user_name"); e != nil {
		return fmt.Sprint(e.Content)
	}
	return "state-ok"
}

func (f fixtures) resources() {
	text := func(uri, mime, text string) []mcp.ResourceContents {
		return []mcp.ResourceContents{mcp.TextResourceContents{URI: uri, MIMEType: mime, Text: text}}
	}
	for _, uri := range []string{"test://static-text", "test://watched-resource"} {
		f.Underlying().AddResource(mcp.NewResource(uri, strings.TrimPrefix(uri, "test://"), mcp.WithMIMEType("text/plain")),
			func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				return text(uri, "text/plain", "This is the content of the static text resource."), nil
			})
	}
	f.Underlying().AddResource(mcp.NewResource("test://static-binary", "static-binary", mcp.WithMIMEType("image/png")),
		func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: fixtureImage}}, nil
		})
	f.Underlying().AddResourceTemplate(mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, request mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.Split(request.Params.URI, "/")[3]
			return text(request.Params.URI, "application/json", fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id)), nil
		})
}

func (f fixtures) prompts() {
	says := func(content ...mcp.Content) *mcp.GetPromptResult {
		out := new(mcp.GetPromptResult)
		for _, c := range content {
			out.Messages = append(out.Messages, mcp.PromptMessage{Role: mcp.RoleUser, Content: c})
		}
		return out
	}
	add := func(name string, handler func(arguments map[string]string) *mcp.GetPromptResult, arguments ...string) {
		options := []mcp.PromptOption{mcp.WithPromptDescription("A prompt of the conformance suite.")}
		for _, a := range arguments {
			options = append(options, mcp.WithArgument(a, mcp.RequiredArgument()))
		}
		f.Underlying().AddPrompt(mcp.NewPrompt(name, options...), func(_ context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return handler(request.Params.Arguments), nil
		})
	}
	add("test_simple_prompt", func(map[string]string) *mcp.GetPromptResult {
		return says(mcp.NewTextContent("This is a simple prompt for testing."))
	})
	add("test_prompt_with_arguments", func(a map[string]string) *mcp.GetPromptResult {
		return says(mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", a["arg1"], a["arg2"])))
	}, "arg1", "arg2")
	add("test_prompt_with_embedded_resource", func(a map[string]string) *mcp.GetPromptResult {
		return says(mcp.NewEmbeddedResource(mcp.TextResourceContents{URI: a["resourceUri"], MIMEType: "text/plain", Text: "Embedded resource content for testing."}),
			mcp.NewTextContent("Please process the embedded resource above."))
	}, "resourceUri")
	add("test_prompt_with_image", func(map[string]string) *mcp.GetPromptResult {
		return says(mcp.NewImageContent(fixtureImage, "image/png"), mcp.NewTextContent("Please analyze the image above."))
	})
	f.Underlying().AddPrompt(mcp.NewPrompt("test_input_required_result_prompt", mcp.WithPromptDescription("A prompt that asks first.")),
		func(ctx context.Context, request mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			if answered(request.Params.InputResponses) {
				return says(mcp.NewTextContent("Thank you.")), nil
			}
			b := server.NewInputRequestBuilder("")
			asking("user_context", "What context should the prompt use?", "context")(ctx, b)
			return b.PromptResult(), nil
		})
}
