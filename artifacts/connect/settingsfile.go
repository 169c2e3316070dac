package connect

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// settingsFiles are the settings of the person and, above them, of the
// workspace.
type settingsFiles map[string]setting

func (f settingsFiles) get(name string) setting { return f[name] }

// readSettingsFiles reads both files. One that is missing is empty; one that
// cannot be read is empty too, with a warning, as the wandb package has it.
func readSettingsFiles(env Environment) (settingsFiles, []string) {
	files := make(settingsFiles)
	var warnings []string
	for _, path := range []string{personSettings(env), workspaceSettings(env)} {
		if path == "" {
			continue
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("cannot read settings: %v", err))
			continue
		}
		values, err := parseSettings(string(text))
		if err != nil {
			warnings = append(warnings, fmt.Sprintf("cannot read settings in %s: %v", path, err))
			continue
		}
		for name, value := range values {
			files[name] = setting{value: value, source: path}
		}
	}
	return files, warnings
}

// personSettings is ~/.config/wandb/settings, or where WANDB_CONFIG_DIR says.
func personSettings(env Environment) string {
	if dir := env.Var(varConfigDir); dir != "" {
		return filepath.Join(env.expand(dir), "settings")
	}
	if env.Home == "" {
		return ""
	}
	return filepath.Join(env.Home, ".config", "wandb", "settings")
}

// workspaceSettings is wandb/settings in the working directory, or
// .wandb/settings where that folder exists. WANDB_DIR moves the folder for a
// run's files and not this one: the package looks at it too late.
func workspaceSettings(env Environment) string {
	if env.Dir == "" {
		return ""
	}
	if _, err := os.Stat(filepath.Join(env.Dir, ".wandb")); err == nil {
		return filepath.Join(env.Dir, ".wandb", "settings")
	}
	return filepath.Join(env.Dir, "wandb", "settings")
}

// parseSettings reads the section [default] of a file in the format of
// Python's configparser: `name = value` or `name: value`, comments on lines of
// their own, values continued on lines that are indented deeper.
func parseSettings(text string) (map[string]string, error) {
	values := make(map[string]string)
	sections := make(map[string]bool)
	section, name, indent := "", "", 0
	for i, line := range strings.Split(text, "\n") {
		trimmed := strings.TrimSpace(line)
		if trimmed == "" || trimmed[0] == '#' || trimmed[0] == ';' {
			continue
		}
		depth := len(line) - len(strings.TrimLeft(line, " \t"))
		if name != "" && depth > indent {
			if section == "default" {
				values[name] += "\n" + trimmed
			}
			continue
		}
		if trimmed[0] == '[' {
			inner, _, ok := strings.Cut(trimmed[1:], "]")
			if !ok {
				return nil, fmt.Errorf("line %d: a section without its closing bracket", i+1)
			}
			if sections[inner] {
				return nil, fmt.Errorf("line %d: section %q for the second time", i+1, inner)
			}
			sections[inner] = true
			section, name = inner, ""
			continue
		}
		if section == "" {
			return nil, fmt.Errorf("line %d: a setting before any [section]", i+1)
		}
		at := strings.IndexAny(trimmed, "=:")
		if at <= 0 {
			return nil, fmt.Errorf("line %d: neither `name = value` nor a section", i+1)
		}
		name, indent = strings.ToLower(strings.TrimSpace(trimmed[:at])), depth
		if section == "default" {
			if _, twice := values[name]; twice {
				return nil, fmt.Errorf("line %d: %q for the second time", i+1, name)
			}
			values[name] = strings.TrimSpace(trimmed[at+1:])
		}
	}
	return values, nil
}
