//go:build !linux

package main

import (
	"errors"
	"time"
)

func errNotLinux() error { return errors.New("only Linux tells this about another process") }

func cpuTime(int) (time.Duration, error) { return 0, errNotLinux() }

type memory struct{ resident, peak, anonymous float64 }

func forget(string) error { return errNotLinux() }

func memoryOf(int) (memory, error) { return memory{}, errNotLinux() }

func age(int) (time.Duration, error) { return 0, errNotLinux() }
