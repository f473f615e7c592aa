package software

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/probe-injector/probe-injector/test/checkout"
	"github.com/probe-injector/probe-injector/test/gobuild"
)

// Debian is a program of a Debian package. All of them live in one folder that is their root: the packages with all that
// they depend on, unpacked and not installed, so that nothing on the machine changes and nothing starts by itself.
type Debian struct {
	// Path is its path.
	Path string
	// User is who runs it, if that may not be root.
	User string
}

// debianPackages are the packages of all programs, and what their commands need.
func debianPackages() []string {
	return []string{
		"apache2", "bash", "clamav-daemon", "coreutils", "dash", "docker-registry", "libapache2-mod-php8.2", "postgresql-15",
		"prometheus-process-exporter", "redis-server", "slapd",
	}
}

// Make unpacks all packages, which takes about half a minute.
func (Debian) Make(ctx context.Context) error {
	root, err := DebianRoot()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(root), 0o755); err != nil {
		return fmt.Errorf("making the folder of Debian: %w", err)
	}
	unlock, err := gobuild.Lock(ctx, root+".lock")
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(root); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	unfinished := root + ".unfinished"
	if err := os.RemoveAll(unfinished); err != nil {
		return fmt.Errorf("clearing an earlier Debian: %w", err)
	}
	// An empty list of what is installed makes apt fetch everything. /usr holds what older packages put beside it.
	command := exec.CommandContext(ctx, "sh", append([]string{"-euc", `
		root=$1; shift
		mkdir -p "$root/usr/bin" "$root/usr/sbin" "$root/usr/lib" "$root/usr/lib64" "$root/tmp" "$root/proc" "$root/dev" "$root/archives/partial"
		for each in bin sbin lib lib64; do ln -s "usr/$each" "$root/$each"; done
		apt-get --yes --quiet --download-only --option Dir::State::status=/dev/null --option APT::Install-Recommends=false \
			--option APT::Sandbox::User=root --option Dir::Cache::archives="$root/archives" install "$@"
		for each in "$root"/archives/*.deb; do dpkg-deb --fsys-tarfile "$each" | tar -x --keep-directory-symlink -C "$root"; done
		rm -r "$root/archives"
		cp /etc/passwd /etc/group "$root/etc"
		chmod 1777 "$root/tmp"`, "sh", unfinished}, debianPackages()...)...)
	if output, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("unpacking Debian: %w: %s", err, output)
	}
	if err := os.Rename(unfinished, root); err != nil {
		return fmt.Errorf("putting Debian in its place: %w", err)
	}
	return nil
}

// Program is the path of the program, below its root.
func (d Debian) Program() (string, error) { return d.Path, nil }

// Root changes the root and the user.
func (d Debian) Root() ([]string, error) {
	root, err := DebianRoot()
	if err != nil || d.User == "" {
		return []string{"chroot", root}, err
	}
	return []string{"chroot", "--userspec=" + d.User, root}, nil
}

// DebianRoot is the folder that is the root of Debian's programs.
func DebianRoot() (string, error) {
	root, err := checkout.Root()
	return folder(root, "debian"), err
}
