//go:build !linux

package process

import "syscall"

// ownGroup puts a program into a process group of its own, so that signals reach its children too. Without Linux's
// parent-death signal, a test that crashes can leave the program behind.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// inNamespaces does nothing: what needs namespaces fails in other ways here.
func inNamespaces(*syscall.SysProcAttr) {}
