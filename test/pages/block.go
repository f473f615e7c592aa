package pages

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/yaml"
)

// Block is a fenced block.
type Block struct {
	// Line is where its content begins.
	Line           int
	Language, Text string
	Directive
	// Commands are those of a console or sh block.
	Commands []Command
}

// Command is one command and the output that the page shows.
type Command struct {
	Line         int
	Text, Output string
	// Compared reports whether the output has to be as the page shows it.
	Compared bool
}

// Directive is what a comment above a block says, each on a line of its own:
//
//	<!-- run: fresh cluster -->    begin with a cluster on which nothing is installed
//	<!-- given: NAME -->           first make what testdata/NAME.yaml holds, or what the run of the pages provides by that name
//	<!-- exit: 1 -->               each command of the block ends with this code
//	<!-- file: NAME -->            the block is the content of this file, which later commands read
//	<!-- part of: COMMAND -->      the block, YAML, stands in what this command prints
//	<!-- not run: REASON -->       one of the known reasons, see Reasons
type Directive struct {
	Fresh  bool
	PartOf string
	Given  []string
	Exit   int
	File   string
	NotRun string
}

// Reasons are those for which a command need not run, and how many blocks may have each: a new one is a decision.
func Reasons() map[string]int {
	return map[string]int{
		// No image, chart or program of ours or others can be fetched where the tests run.
		"needs the network": 1,
		// The test's own cluster is none of these.
		"needs kind":          2,
		"needs k3s":           1,
		"needs Docker":        1,
		"needs your registry": 1,
		// A reader's "make test" would be run by itself.
		"takes long, and CI runs it": 1,
		// What it shows needs two versions of the product.
		"needs another version": 1,
	}
}

// direct takes a comment.
func (b *Block) direct(comment string) error {
	for line := range strings.Lines(comment) {
		content := strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(line), "<!--"), "-->"))
		key, value, found := strings.Cut(content, ": ")
		if !found {
			continue // A comment for people.
		}
		if err := b.set(key, value); err != nil {
			return err
		}
	}
	return nil
}

func (b *Block) set(key, value string) error {
	switch key {
	case "run":
		if b.Fresh = value == "fresh cluster"; !b.Fresh {
			return fmt.Errorf(`"run: %s": only "run: fresh cluster" is known`, value)
		}
	case "given":
		b.Given = append(b.Given, value)
	case "exit":
		var err error
		if b.Exit, err = strconv.Atoi(value); err != nil {
			return fmt.Errorf("exit: %w", err)
		}
	case "file":
		b.File = value
	case "part of":
		b.PartOf = value
	case "not run":
		if _, known := Reasons()[value]; !known {
			return fmt.Errorf("not run, because it %q, is no known reason", value)
		}
		b.NotRun = value
	default:
		return fmt.Errorf("a comment with %q: known are run, given, exit, file, part of and not run", key)
	}
	return nil
}

// classify checks that a block is of a known kind, and finds its commands.
func (b *Block) classify() error {
	if b.File != "" {
		if b.NotRun != "" || b.Exit != 0 {
			return errors.New("a file is not run")
		}
		return b.checkFile()
	}
	switch b.Language {
	case "console":
		return b.findCommands()
	case "sh":
		b.findLines()
		return nil
	case "yaml":
		return b.checkData()
	}
	return fmt.Errorf("a block of %q is of no known kind: write console, sh or yaml", b.Language)
}

func (b *Block) checkFile() error {
	if strings.HasSuffix(b.File, ".yaml") {
		return b.checkYAML()
	}
	return nil
}

// checkData: a block that is only shown has nothing that could be given or run.
func (b *Block) checkData() error {
	if b.PartOf != "" {
		b.Commands = []Command{{Line: b.Line, Text: b.PartOf}}
	}
	if b.Fresh || b.Exit != 0 || b.NotRun != "" || len(b.Given) > 0 {
		return errors.New("a yaml block is not run")
	}
	return b.checkYAML()
}

func (b *Block) checkYAML() error {
	// A part of a list or of an object deeper down is shown with the indentation that it has there.
	var content any
	if err := yaml.UnmarshalStrict([]byte(strings.ReplaceAll(b.Text, "\n---\n", "\n")), &content); err != nil && !strings.Contains(b.Text, "\n---\n") {
		return fmt.Errorf("not valid: %w", err)
	}
	return nil
}

// findCommands finds the commands of a console block.
func (b *Block) findCommands() error {
	line := b.Line
	continued := false
	for text := range strings.Lines(b.Text) {
		last := len(b.Commands) - 1
		switch command, isCommand := strings.CutPrefix(text, "$ "); {
		case isCommand:
			b.Commands = append(b.Commands, Command{Line: line, Text: strings.TrimSuffix(command, "\n"), Compared: true})
		case last < 0:
			return fmt.Errorf("%q stands before the first command", strings.TrimSpace(text))
		case continued:
			b.Commands[last].Text += "\n" + strings.TrimSuffix(text, "\n")
		default:
			b.Commands[last].Output += text
		}
		continued = strings.HasSuffix(text, "\\\n") && b.Commands[len(b.Commands)-1].Output == ""
		line++
	}
	return nil
}

// findLines finds the commands of an sh block: its lines, of which some go on.
func (b *Block) findLines() {
	line := b.Line
	continued := false
	for text := range strings.SplitSeq(strings.TrimSuffix(b.Text, "\n"), "\n") {
		if last := len(b.Commands) - 1; continued {
			b.Commands[last].Text += "\n" + text
		} else {
			b.Commands = append(b.Commands, Command{Line: line, Text: text})
		}
		continued = strings.HasSuffix(text, "\\")
		line++
	}
}

// CheckReasons reports a reason that more blocks have than may have it.
func CheckReasons(pages []Page) error {
	have := map[string]int{}
	for _, page := range pages {
		for _, block := range page.Blocks {
			if block.NotRun != "" {
				have[block.NotRun]++
			}
		}
	}
	var failures []error
	for reason, bound := range Reasons() {
		if have[reason] > bound {
			failures = append(failures, fmt.Errorf("%d blocks are not run because each %s; at most %d may be", have[reason], reason, bound))
		}
	}
	slices.SortFunc(failures, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return errors.Join(failures...)
}
