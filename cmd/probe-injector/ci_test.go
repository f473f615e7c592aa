package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/cmd/probe-injector/internal/exit"
)

// ciFolder holds what people copy into their repositories.
const ciFolder = examplesFolder + "/ci"

// readYAML reads a file as its program does.
func readYAML(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

// commandsIn are the commands of ours that the files run, by file.
func commandsIn(t *testing.T) map[string][]string {
	t.Helper()
	commands := map[string][]string{}
	var workflow struct {
		Jobs map[string]struct {
			Steps []struct{ Uses, Run string }
		}
	}
	readYAML(t, filepath.Join(ciFolder, "github-actions.yaml"), &workflow)
	for _, job := range workflow.Jobs {
		for _, step := range job.Steps {
			commands["github-actions.yaml"] = append(commands["github-actions.yaml"], strings.Split(step.Run, "\n")...)
		}
	}
	var pipeline map[string]struct {
		Script    []string
		Artifacts struct{ Reports struct{ JUnit string } }
	}
	readYAML(t, filepath.Join(ciFolder, "gitlab-ci.yaml"), &pipeline)
	for _, job := range pipeline {
		commands["gitlab-ci.yaml"] = append(commands["gitlab-ci.yaml"], job.Script...)
		if !slices.ContainsFunc(job.Script, func(line string) bool { return strings.Contains(line, "junit="+job.Artifacts.Reports.JUnit) }) {
			t.Errorf("no command writes %s", job.Artifacts.Reports.JUnit)
		}
	}
	commands["pre-commit-config.yaml"] = hookCommands(t)
	readme, err := os.ReadFile(filepath.Join(ciFolder, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(string(readme), "\n") {
		commands["README.md"] = append(commands["README.md"], strings.TrimSpace(line))
	}
	return commands
}

// hookCommands are what pre-commit makes of the hook that the repository has and the arguments of the example.
func hookCommands(t *testing.T) []string {
	t.Helper()
	var hooks []struct {
		ID, Entry      string
		Args           []string
		Pass_filenames bool //nolint:revive // the name in the file
	}
	readYAML(t, filepath.Join(examplesFolder, "..", ".pre-commit-hooks.yaml"), &hooks)
	var config struct {
		Repos []struct {
			Hooks []struct {
				ID   string
				Args []string
			}
		}
	}
	readYAML(t, filepath.Join(ciFolder, "pre-commit-config.yaml"), &config)
	var commands []string
	for _, hook := range hooks {
		if hook.Pass_filenames {
			t.Errorf("%s gets the names of files, which lint does not take", hook.ID)
		}
		commands = append(commands, hook.Entry+" "+strings.Join(hook.Args, " "))
		for _, repo := range config.Repos {
			for _, used := range repo.Hooks {
				if used.ID == hook.ID {
					commands = append(commands, hook.Entry+" "+strings.Join(used.Args, " "))
				}
			}
		}
	}
	return commands
}

// Each command is run where everything is right, where a manifest is wrong, and where one cannot be read.
func TestTheCommandsOfTheExamplesForCIRun(t *testing.T) {
	commands := commandsIn(t)
	wrong := strings.Replace(pod, "probe-injector.dev/readiness: /readyz", "probe-injector.dev/readiness: readyz", 1)
	for name, row := range map[string]struct {
		manifest string
		code     exit.Code
	}{
		"all is right":     {pod, exit.Fine},
		"one is wrong":     {wrong, exit.Found},
		"one is no object": {"kind: [", exit.Unusable},
	} {
		t.Run(name, func(t *testing.T) {
			for file, lines := range commands {
				ran := 0
				for _, line := range lines {
					if before, command, piped := strings.Cut(line, "| "); piped && strings.HasPrefix(command, "probe-injector") && !strings.HasPrefix(before, "|") {
						line = command
					}
					if args := strings.Fields(line); len(args) > 2 && args[0] == "probe-injector" && args[1] == "lint" {
						ran++
						runInRepository(t, args, row.manifest, row.code)
					}
				}
				if ran == 0 {
					t.Errorf("%s has no command", file)
				}
			}
		})
	}
}

// runInRepository runs a command in a repository that has one manifest, as a file and on the standard input.
func runInRepository(t *testing.T, args []string, manifest string, want exit.Code) {
	t.Helper()
	t.Chdir(t.TempDir())
	err := errors.Join(
		os.Mkdir("k8s", 0o700), os.WriteFile("k8s/web.yaml", []byte(manifest), 0o600),
		os.WriteFile(".probe-injector-accept", []byte("# nothing yet\n"), 0o600), os.Mkdir("chart", 0o700),
	)
	if err != nil {
		t.Fatal(err)
	}
	var out, problems bytes.Buffer
	if code := run(args, "v0.1.0", streams{strings.NewReader(manifest), &out, &problems}); exit.Code(code) != want {
		t.Errorf("%v: code %d, want %d\n%s%s", args, code, want, out.String(), problems.String())
	}
	for _, arg := range args {
		_, file, isFile := strings.Cut(arg, "=")
		if !isFile || strings.HasPrefix(arg, "-") {
			continue
		}
		if _, err := os.Stat(file); (err == nil) != (want < exit.Unusable) && file != ".probe-injector-accept" {
			t.Errorf("%v: code %d and %s: %v", args, want, file, err)
		}
	}
}
