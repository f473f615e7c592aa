// Package release verifies what "make release" has written, as a user would: with the real cosign, the real krew, Helm, and
// the programs themselves. "make release-test" runs it. The folder is dist, or $RELEASE_DIST.
package release
