package process

import "syscall"

// ownGroup puts a program into a process group of its own, so that Ctrl-C reaches only the test and signals reach the
// program's children too, and lets the kernel kill it when the test dies.
func ownGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
