//go:build !linux

package mcpserver_test

func forget(string) error { return nil }
