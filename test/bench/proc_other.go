//go:build !linux

package main

import (
	"errors"
	"time"
)

func errNotLinux() error { return errors.New("only Linux tells this about another process") }

func cpuTime(int) (time.Duration, error) { return 0, errNotLinux() }

func residentMemory(int) (now, peak float64, err error) { return 0, 0, errNotLinux() }

func age(int) (time.Duration, error) { return 0, errNotLinux() }
