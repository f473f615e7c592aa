package process

import "syscall"

// ownGroup puts a program into a process group of its own, so that Ctrl-C reaches only the test and signals reach the
// program's children too, and lets the kernel kill it when the test dies.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// inNamespaces gives the program namespaces of its own.
func inNamespaces(attributes *syscall.SysProcAttr) {
	attributes.Cloneflags = syscall.CLONE_NEWPID | syscall.CLONE_NEWNS | syscall.CLONE_NEWNET | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC
}
