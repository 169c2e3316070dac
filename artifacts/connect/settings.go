package connect

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/reliquary/reliquary/artifacts"
)

// DefaultBaseURL is the server that the wandb package (0.31) talks to when
// nothing else is configured.
const DefaultBaseURL = "https://api.forge.coreweave.com"

// Settings are what a person has configured, and where it was found. The zero
// value is a person who has configured nothing and has no data directory.
type Settings struct {
	// BaseURL is the W&B server, without a trailing slash. It is never empty
	// in settings from ReadSettings; whether the person chose it is said by
	// BaseURLSource, which is "" for the default.
	BaseURL       string
	BaseURLSource string
	// APIKey is the key for BaseURL, "" if there is none.
	APIKey       string
	APIKeySource string
	// Entity and Project are the ones meant where a path leaves them out.
	Entity  string
	Project string
	// Dir is the registry directory. DirSource is "" when it is the one in the
	// person's data directory, which nobody asked for by name. Both are "" when
	// there is no home to have one in.
	Dir       string
	DirSource string
	// CacheDir is where files of artifacts are kept that were downloaded: see
	// the function of that name.
	CacheDir string
	// Timeout is how long a server has for one request, 0 for the client's default.
	Timeout time.Duration
	// Proxy is how a server is reached.
	Proxy Proxy
	// Warnings tell of things that were found and could not be used: an
	// unreadable settings file, a netrc that does not parse. The wandb package
	// prints them and goes on; so should a front end.
	Warnings []string
}

// UsesServer reports whether the settings lead to a W&B server rather than to
// a registry directory: a directory that was asked for by name comes first,
// then a server or a key that the person has configured.
func (s Settings) UsesServer() bool {
	return s.DirSource == "" && (s.BaseURLSource != "" || s.APIKey != "")
}

// WithDir returns settings that open the registry in dir whatever else is
// configured. source says who asked for it ("--dir").
func (s Settings) WithDir(dir, source string) Settings {
	s.Dir, s.DirSource = dir, source
	return s
}

// The environment variables that are read, beside those that say where the
// home and data directories are.
const (
	varDir       = "RELIQUARY_DIR"
	varBaseURL   = "WANDB_BASE_URL"
	varAPIKey    = "WANDB_API_KEY"
	varEntity    = "WANDB_ENTITY"
	varProject   = "WANDB_PROJECT"
	varConfigDir = "WANDB_CONFIG_DIR"
	varToken     = "WANDB_IDENTITY_TOKEN_FILE"
	varNetrc     = "NETRC"
	varTimeout   = "WANDB_HTTP_TIMEOUT"
)

// ReadSettings resolves settings as the wandb package does. For each of them
// an environment variable comes first, then the workspace's settings file
// (wandb/settings in the working directory), then the person's own
// (~/.config/wandb/settings); a key is looked for in the environment, then in
// netrc, then in those files, and only for the server that is meant.
//
// It fails with an [artifacts.Error] of KindInvalid when a setting is unusable (a base
// URL that is none, a key that the server could not have given), rather than
// go on to a place that the person did not mean.
func ReadSettings(env Environment) (Settings, error) {
	var s Settings
	files, warnings := readSettingsFiles(env)
	s.Warnings = warnings

	s.Entity = first(env.Var(varEntity), files.get("entity").value)
	s.Project = first(env.Var(varProject), files.get("project").value)
	s.CacheDir = CacheDir(env)
	s.Proxy = readProxy(env)
	if v := env.Var(varTimeout); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n <= 0 || n > mostTimeout {
			s.Warnings = append(s.Warnings, fmt.Sprintf("%s is %q, which is no number of seconds, and was ignored", varTimeout, v))
		} else {
			s.Timeout = time.Duration(n) * time.Second
		}
	}
	s.Dir, s.DirSource = RegistryDir(env)
	if s.DirSource != "" {
		// Whoever names a directory gets it, however broken the rest is.
		return s, nil
	}

	base := setting{value: DefaultBaseURL}
	if f := files.get("base_url"); f.value != "" {
		base = f
	}
	if v := env.Var(varBaseURL); v != "" {
		base = setting{value: v, source: varBaseURL}
	}
	clean, err := checkBaseURL(base.value)
	if err != nil {
		return s, unusable(
			fmt.Sprintf("base_url from %s is %q: %v", base.source, base.value, err),
			fmt.Sprintf("set %s to the address of a W&B server, as in https://wandb.example.com, or remove the setting", varBaseURL))
	}
	s.BaseURL, s.BaseURLSource = clean, base.source

	key, warning, err := findKey(env, files, s.BaseURL)
	if warning != "" {
		s.Warnings = append(s.Warnings, warning)
	}
	if err != nil {
		return s, err
	}
	s.APIKey, s.APIKeySource = key.value, key.source
	return s, nil
}

// mostTimeout is a day, in seconds.
const mostTimeout = 24 * 60 * 60

// RegistryDir is the directory that RELIQUARY_DIR names, with that as the
// source; otherwise the one in the person's data directory, with no source.
// The directory is "" when there is no home to have one in.
func RegistryDir(env Environment) (dir, source string) {
	if dir := env.Var(varDir); dir != "" {
		return env.expand(dir), varDir
	}
	if data := env.dataDir(); data != "" {
		return filepath.Join(data, "reliquary"), ""
	}
	return "", ""
}

// findKey looks for the key to a server in the order in which the wandb
// package does.
func findKey(env Environment, files settingsFiles, baseURL string) (key setting, warning string, err error) {
	if v := env.Var(varAPIKey); v != "" {
		key = setting{value: v, source: varAPIKey}
	} else if v := env.Var(varToken); v != "" {
		return key, "", unusable(
			fmt.Sprintf("%s is set, and identity tokens are not supported here", varToken),
			fmt.Sprintf("set %s to an API key", varAPIKey))
	} else {
		key, warning = netrcKey(env, baseURL)
	}
	// A key in a settings file belongs to the server of the settings; here
	// that is the same one by construction.
	if key.value == "" {
		key = files.get("api_key")
	}
	if key.value == "" {
		return setting{}, warning, nil
	}
	if problem := checkKey(key.value); problem != "" {
		return setting{}, warning, unusable(
			fmt.Sprintf("the API key from %s cannot be right: %s", key.source, problem),
			"copy the whole key, without spaces or quotes")
	}
	return key, warning, nil
}

// netrcKey finds the key for a server in the netrc file.
func netrcKey(env Environment, baseURL string) (key setting, warning string) {
	path := netrcPath(env)
	if path == "" {
		return setting{}, ""
	}
	text, err := os.ReadFile(path)
	if err != nil {
		if os.IsNotExist(err) {
			return setting{}, ""
		}
		return setting{}, fmt.Sprintf("cannot read the netrc file: %v", err)
	}
	entries, err := parseNetrc(string(text))
	if err != nil {
		return setting{}, fmt.Sprintf("cannot read the netrc file %s: %v", path, err)
	}
	for _, machine := range netrcMachines(baseURL) {
		entry, ok := entries[machine]
		if !ok {
			entry, ok = entries[netrcDefault]
		}
		if !ok {
			continue
		}
		if entry.password == "" {
			return setting{}, fmt.Sprintf("the netrc file %s has an entry for %s without a key", path, machine)
		}
		return setting{value: entry.password, source: path}, ""
	}
	return setting{}, ""
}

// netrcPath is the netrc file that the wandb package would read.
func netrcPath(env Environment) string {
	if v := env.Var(varNetrc); v != "" {
		return env.expand(v)
	}
	if env.Home == "" {
		return ""
	}
	unix, windows := filepath.Join(env.Home, ".netrc"), filepath.Join(env.Home, "_netrc")
	if _, err := os.Stat(unix); err == nil {
		return unix
	}
	if _, err := os.Stat(windows); err == nil || env.OS == "windows" {
		return windows
	}
	return unix
}

// forgeHosts maps each host of the CoreWeave Forge to the W&B API host behind
// it. Keys saved for the one work on the other.
var forgeHosts = map[string]string{
	"forge.coreweave.com":    "api.wandb.ai",
	"qa.forge.coreweave.com": "api.qa.wandb.ai",
}

// netrcMachines are the names under which netrc may hold a server's key, in
// the order in which they are tried.
func netrcMachines(baseURL string) []string {
	u, err := url.Parse(baseURL)
	if err != nil || u.Host == "" {
		return nil
	}
	machines := []string{u.Host}
	for forge, api := range forgeHosts {
		if h := u.Hostname(); h == forge || h == "api."+forge {
			machines = append(machines, api)
		}
	}
	return machines
}

var wandbHost = regexp.MustCompile(`wandb\.ai[^.]*$`)

// checkBaseURL returns the address without its trailing slashes, with the
// corrections and refusals of the wandb package.
func checkBaseURL(raw string) (string, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return "", fmt.Errorf("it is not a URL")
	case u.Scheme != "http" && u.Scheme != "https":
		return "", fmt.Errorf("it must begin with http:// or https://")
	case u.Hostname() == "":
		return "", fmt.Errorf("it names no host")
	case u.RawQuery != "" || u.Fragment != "":
		return "", fmt.Errorf("it must not have a query or a fragment")
	}
	if _, ok := forgeHosts[u.Hostname()]; ok {
		if u.Scheme == "https" && u.Port() == "" && strings.TrimRight(u.Path, "/") == "/api/wandb" {
			return "https://api." + u.Hostname(), nil
		}
		return "", fmt.Errorf("the address of that server's API is https://api.%s", u.Hostname())
	}
	if wandbHost.MatchString(raw) {
		if !strings.Contains(raw, "api.") {
			return "", fmt.Errorf("that is the web site; the address of its API is https://api.wandb.ai")
		}
		if u.Scheme != "https" {
			return "", fmt.Errorf("http would send the key in the clear; use https://api.wandb.ai")
		}
	}
	return strings.TrimRight(raw, "/"), nil
}

var (
	jwt       = regexp.MustCompile(`^[\w-]+\.[\w-]+\.[\w-]+$`)
	keySecret = regexp.MustCompile(`^[\w-]+$`)
)

// keyLength is the fewest characters that a key has after its prefix.
const keyLength = 40

// checkKey says what is wrong with the form of an API key, "" if nothing is.
func checkKey(key string) string {
	if jwt.MatchString(key) {
		return ""
	}
	_, secret, ok := strings.Cut(key, "-")
	if !ok {
		secret = key
	}
	if !keySecret.MatchString(secret) {
		return "it may hold only letters, digits, dashes and underscores"
	}
	if n := len(secret); n < keyLength {
		return fmt.Sprintf("it must have %d characters or more, and has %d", keyLength, n)
	}
	return ""
}

// unusable is a setting that leads nowhere.
func unusable(message, next string) error {
	return &artifacts.Error{
		Kind:    artifacts.KindInvalid,
		Op:      "read settings",
		Message: message,
		Next:    next,
	}
}

// A setting is a value and where it was found.
type setting struct{ value, source string }

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
