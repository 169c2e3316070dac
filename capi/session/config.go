package session

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/reliquary/reliquary/artifacts"
	"github.com/reliquary/reliquary/tools"
)

// A Config is everything that a host tells a new session, in JSON. The library
// reads nothing from the environment of its process: a host passes on what it
// wants to be known.
type Config struct {
	// Env are environment variables, as settings and proxies are read from them.
	Env map[string]string `json:"env"`
	// Home and Cwd are the person's home and working directory; settings files
	// are looked for there. Empty means that there is none.
	Home string `json:"home"`
	Cwd  string `json:"cwd"`

	// Dir opens the registry in this directory, whatever else is configured.
	Dir string `json:"dir"`
	// BaseURL and APIKey name a W&B server and the key for it, before any
	// setting. Entity and Project are meant where a path leaves them out.
	BaseURL string `json:"base_url"`
	APIKey  string `json:"api_key"`
	Entity  string `json:"entity"`
	Project string `json:"project"`
	// UserAgent names the host to the server: "reliquary-python/1.2".
	UserAgent string `json:"user_agent"`

	// TimeoutSeconds is how long the server has for one request, answer included.
	// 0 means 30.
	TimeoutSeconds int `json:"timeout_seconds"`

	// Log is the least level of log lines that the host wants as events:
	// "debug", "info", "warn" or "error". Empty means none.
	Log string `json:"log"`
	// Limits bound what piles up.
	Limits Limits `json:"limits"`
}

// Limits bound what a session takes and holds. Zero means the default.
type Limits struct {
	// Calls is how many calls may be running or wait, with their result, to be
	// taken. Default 16,384.
	Calls int `json:"calls"`
	// InputBytes bounds the input of one call. Default 64 MiB.
	InputBytes int64 `json:"input_bytes"`
	// AnswerBytes bounds the answer of one call. Default 256 MiB, at most
	// [MaxAnswerBytes].
	AnswerBytes int64 `json:"answer_bytes"`
	// HeldBytes bounds the inputs of running calls and the answers that nobody
	// has taken yet, together: above it no call is accepted. Default 1 GiB.
	HeldBytes int64 `json:"held_bytes"`
	// LogLines bounds the log lines that nobody has taken yet; what comes
	// after is dropped and counted. Default 1,024.
	LogLines int `json:"log_lines"`
}

// MaxAnswerBytes is the longest answer that all languages can hold: with its
// terminating NUL it is 2 GiB less one byte.
const MaxAnswerBytes = 1<<31 - 2

// maxConfig bounds a Config's JSON: an environment of Linux can have 2 MiB.
const maxConfig = 4 << 20

// maxTimeout is a day, in seconds.
const maxTimeout = 24 * 60 * 60

// CheckConfig refuses sizes of a Config's JSON that cannot be meant, before a
// byte of it is read.
func CheckConfig(size uint64) error {
	if size > maxConfig {
		return tooLarge("a configuration", size, maxConfig)
	}
	return nil
}

// ParseConfig reads a Config and fills in its defaults.
func ParseConfig(text []byte) (Config, error) {
	var c Config
	if err := CheckConfig(uint64(len(text))); err != nil {
		return c, err
	}
	if err := checkText("the configuration", text); err != nil {
		return c, err
	}
	if len(bytes.TrimSpace(text)) > 0 {
		d := json.NewDecoder(bytes.NewReader(text))
		d.DisallowUnknownFields()
		err := d.Decode(&c)
		if err == nil {
			if _, more := d.Token(); !errors.Is(more, io.EOF) {
				err = errors.New("something follows the JSON object")
			}
		}
		if err != nil {
			return c, unusable(strings.TrimPrefix(err.Error(), "json: "))
		}
	}
	if _, _, err := c.level(); err != nil {
		return c, err
	}
	if c.TimeoutSeconds < 0 || c.TimeoutSeconds > maxTimeout {
		return c, unusable(fmt.Sprintf("timeout_seconds is %d and can be from 0 to %d", c.TimeoutSeconds, maxTimeout))
	}
	return c, c.Limits.fill()
}

// unusable is a configuration that cannot be read. Its text never repeats a
// value, which could be a key.
func unusable(why string) error {
	return &tools.Error{
		Code:    artifacts.KindInvalid,
		Message: "the configuration cannot be used: " + why,
		Next: "pass a JSON object; its fields are env, home, cwd, dir, base_url, api_key, entity, project, user_agent, timeout_seconds, log, " +
			"and limits {calls, input_bytes, answer_bytes, held_bytes, log_lines}",
	}
}

// level is the least level of log lines, and whether any are wanted.
func (c Config) level() (slog.Level, bool, error) {
	switch c.Log {
	case "":
		return 0, false, nil
	case "debug":
		return slog.LevelDebug, true, nil
	case "info":
		return slog.LevelInfo, true, nil
	case "warn":
		return slog.LevelWarn, true, nil
	case "error":
		return slog.LevelError, true, nil
	}
	return 0, false, unusable(fmt.Sprintf("log is %q, which is none of debug, info, warn and error", c.Log))
}

// fill puts defaults where nothing is set, and refuses what cannot be meant.
func (l *Limits) fill() error {
	if l.Calls < 0 || l.InputBytes < 0 || l.AnswerBytes < 0 || l.HeldBytes < 0 || l.LogLines < 0 {
		return unusable("a limit is negative")
	}
	if l.AnswerBytes > MaxAnswerBytes || l.InputBytes > MaxAnswerBytes {
		return unusable(fmt.Sprintf("input_bytes and answer_bytes can be %d at most", MaxAnswerBytes))
	}
	set(&l.Calls, 16<<10)
	set(&l.InputBytes, 64<<20)
	set(&l.AnswerBytes, 256<<20)
	set(&l.HeldBytes, 1<<30)
	set(&l.LogLines, 1<<10)
	return nil
}

func set[T int | int64](v *T, def T) {
	if *v == 0 {
		*v = def
	}
}
