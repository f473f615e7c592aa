package images

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"sigs.k8s.io/yaml"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
	"github.com/probe-injector/probe-injector/test/previous"
)

// Image is a container image in a file.
type Image struct {
	// Reference is its name in full, with registry and tag, as containerd lists it and as a Pod may name it.
	Reference string
	// Archive is the path of the file.
	Archive string
}

// Pause makes the image of the container that holds a Pod's namespaces, localhost/pause:1. It takes seconds.
func Pause(ctx context.Context) (Image, error) {
	program, err := compile(ctx, filepath.Join("test", "images", "pause"))
	if err != nil {
		return Image{}, err
	}
	return FromProgram(ctx, "localhost/pause:1", program)
}

// Target makes the image of the server that is probed, localhost/target:1; see the comment of test/images/target. It
// takes half a minute the first time, and seconds later.
func Target(ctx context.Context) (Image, error) {
	program, err := compile(ctx, filepath.Join("test", "images", "target"))
	if err != nil {
		return Image{}, err
	}
	return FromProgram(ctx, "localhost/target:1", program)
}

// FromProgram makes an image that holds a static binary and an empty /tmp, and nothing else. It runs as user 65532, without arguments, by
// the name that the file has here: "bin/pause" becomes the entry point "/pause". The reference must be one in full,
// such as localhost/pause:1.
func FromProgram(ctx context.Context, reference, program string) (Image, error) {
	name := filepath.Base(program)
	dockerfile := fmt.Sprintf("FROM scratch\nCOPY %[1]s /%[1]s\nCOPY --chown=65532:65532 tmp /tmp\nUSER 65532:65532\nENTRYPOINT [\"/%[1]s\"]\n", name)
	return recipe{
		reference: reference,
		inputs:    inputs{texts: []string{dockerfile}, files: []string{program}},
		make: func(ctx context.Context, tools buildah, work, archive string) error {
			folder := filepath.Join(work, "context")
			if err := os.MkdirAll(filepath.Join(folder, "tmp"), 0o755); err != nil {
				return fmt.Errorf("making a folder for the image: %w", err)
			}
			if err := os.WriteFile(filepath.Join(folder, "Dockerfile"), []byte(dockerfile), 0o600); err != nil {
				return fmt.Errorf("writing the Dockerfile: %w", err)
			}
			if err := copyProgram(program, filepath.Join(folder, name)); err != nil {
				return err
			}
			return tools.build(ctx, folder, reference, archive)
		},
	}.image(ctx)
}

// Webhook makes the image of our webhook, of the version that this checkout will be released as, by the reference that
// the chart names unless told otherwise. It takes half a minute the first time, and ten seconds after a change.
func Webhook(ctx context.Context) (Image, error) {
	version, err := checkout.Version()
	if err != nil {
		return Image{}, err
	}
	return WebhookVersion(ctx, version)
}

// WebhookVersion makes the image of our webhook with another version, such as v0.1.1, as its tag and in what it says of
// itself. Its sources are those of the checkout.
func WebhookVersion(ctx context.Context, version string) (Image, error) {
	root, err := checkout.Root()
	if err != nil {
		return Image{}, err
	}
	repository, err := chartRepository(filepath.Join(root, "charts", "probe-injector"))
	if err != nil {
		return Image{}, err
	}
	reference := repository + ":" + version
	script := filepath.Join(root, ".ci", "image")
	sources := []string{script}
	for _, name := range []string{"Dockerfile", ".dockerignore", "go.mod", "go.sum", "policy", "certs", "webhook", "cmd/internal", "cmd/webhook"} {
		sources = append(sources, filepath.Join(root, filepath.FromSlash(name)))
	}
	return recipe{
		reference: reference,
		inputs:    inputs{texts: []string{version}, files: sources, withoutTests: true},
		make: func(ctx context.Context, tools buildah, _, archive string) error {
			return tools.script(ctx, script, "CHECK=no", "VERSION="+version, "IMAGE="+reference, "ARCHIVE="+archive)
		},
	}.image(ctx)
}

// PreviousWebhook makes the image of the previous release's webhook, by the reference that its chart names but for the tag,
// which is previous.Version. It takes half a minute the first time.
func PreviousWebhook(ctx context.Context) (Image, error) {
	release, err := previous.Unpack()
	if err != nil {
		return Image{}, err
	}
	program, err := release.Webhook(ctx)
	if err != nil {
		return Image{}, err
	}
	repository, err := chartRepository(release.Chart())
	if err != nil {
		return Image{}, err
	}
	return FromProgram(ctx, repository+":"+previous.Version, program)
}

// FlaskApp makes the image of examples/flask-app by its own Dockerfile. Its deployment.yaml calls it flask-app:dev,
// which containerd reads as docker.io/library/flask-app:dev. It takes a minute and a half the first time.
func FlaskApp(ctx context.Context) (Image, error) {
	root, err := checkout.Root()
	if err != nil {
		return Image{}, err
	}
	return onDebian(ctx, "docker.io/library/flask-app:dev", filepath.Join(root, "examples", "flask-app"))
}

// onDebian builds a folder with a Dockerfile that begins from the image of Debian.
func onDebian(ctx context.Context, reference, folder string) (Image, error) {
	base, err := debian(ctx)
	if err != nil {
		return Image{}, err
	}
	return recipe{
		reference: reference,
		inputs:    inputs{texts: []string{filepath.Base(base.Archive)}, files: []string{folder}},
		make: func(ctx context.Context, tools buildah, _, archive string) error {
			if err := tools.load(ctx, base); err != nil {
				return err
			}
			return tools.build(ctx, folder, reference, archive)
		},
	}.image(ctx)
}

// compile builds the program in a folder of this repository, which may be a module of its own.
func compile(ctx context.Context, folder string) (string, error) {
	root, err := checkout.Root()
	if err != nil {
		return "", err
	}
	program := filepath.Join(root, filepath.FromSlash(cacheFolder), "programs", filepath.Base(folder))
	err = gobuild.Build(ctx, gobuild.Target{Dir: filepath.Join(root, folder), Package: ".", Output: program})
	if err != nil {
		return "", fmt.Errorf("building the program of an image: %w", err)
	}
	return program, nil
}

// chartRepository is the name of our image without its tag, from the values of the chart.
func chartRepository(chart string) (string, error) {
	data, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		return "", fmt.Errorf("reading the name of our image: %w", err)
	}
	var values struct {
		Image struct {
			Registry   string `json:"registry"`
			Repository string `json:"repository"`
		} `json:"image"`
	}
	if err := yaml.Unmarshal(data, &values); err != nil {
		return "", fmt.Errorf("reading the name of our image: %w", err)
	}
	return values.Image.Registry + "/" + values.Image.Repository, nil
}

// copyProgram copies a program so that anybody may run it.
func copyProgram(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return fmt.Errorf("reading the program of an image: %w", err)
	}
	if err := os.WriteFile(to, content, 0o755); err != nil {
		return fmt.Errorf("copying the program of an image: %w", err)
	}
	return nil
}
