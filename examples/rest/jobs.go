// Runs a command by the API of chore, shows its output, and ends with its exit code. Needs nothing but Go.
//
//	go run jobs.go https://localhost:8443 server.pem alice.pem alice.key make test
package main

import (
	"bytes"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
)

// Of the fields of a job those that are used here.
type job struct {
	ID       string  `json:"id"`
	Name     string  `json:"name"`
	State    string  `json:"state"`
	EndedAt  *string `json:"endedAt"`
	ExitCode *int    `json:"exitCode"`
}

// What went wrong, as RFC 9457 has it.
type problem struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

func (p problem) Error() string { return p.Code + ": " + p.Detail }

type server struct {
	url    string
	client *http.Client
}

func main() {
	if len(os.Args) < 6 {
		fmt.Fprintln(os.Stderr, "usage: jobs URL SERVER.PEM CLIENT.PEM CLIENT.KEY COMMAND...")
		os.Exit(2)
	}
	code, err := run(os.Args[1:5], os.Args[5:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 125
	}
	os.Exit(code)
}

func run(where, command []string) (int, error) {
	s, err := connect(where[0], where[1], where[2], where[3])
	if err != nil {
		return 0, err
	}
	// Whoever does not get the answer asks again with the same key: that starts no second job.
	key := make([]byte, 16)
	if _, err := rand.Read(key); err != nil {
		return 0, err
	}
	var j job
	if err := s.start(command, hex.EncodeToString(key), &j); err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "%s is %s\n", j.Name, j.ID)

	output, err := s.ask(http.MethodGet, "jobs/"+j.ID+"/output?follow", nil, nil)
	if err != nil {
		return 0, err
	}
	defer output.Close()
	if _, err := io.Copy(os.Stdout, output); err != nil {
		return 0, err
	}
	for j.EndedAt == nil {
		if err := s.get("jobs/"+j.ID+"/end", &j); err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(os.Stderr, "%s %s\n", j.Name, j.State)
	if j.ExitCode == nil {
		return 1, nil
	}
	return *j.ExitCode, nil
}

func connect(url, serverPEM, clientPEM, clientKey string) (*server, error) {
	pem, err := os.ReadFile(serverPEM)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(pem)
	own, err := tls.LoadX509KeyPair(clientPEM, clientKey)
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		RootCAs: trusted,
		// It is shown whichever authorities the server names: with Certificates Go would show only what one of them has issued.
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &own, nil },
		MinVersion:           tls.VersionTLS13,
	}
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	return &server{url: url, client: &http.Client{Transport: transport}}, nil
}

func (s *server) start(command []string, key string, j *job) error {
	body, err := json.Marshal(map[string]any{"command": command})
	if err != nil {
		return err
	}
	headers := map[string]string{"Content-Type": "application/json", "Idempotency-Key": key}
	answer, err := s.ask(http.MethodPost, "jobs", body, headers)
	if err != nil {
		return err
	}
	defer answer.Close()
	return json.NewDecoder(answer).Decode(j)
}

func (s *server) get(path string, into any) error {
	answer, err := s.ask(http.MethodGet, path, nil, nil)
	if err != nil {
		return err
	}
	defer answer.Close()
	return json.NewDecoder(answer).Decode(into)
}

func (s *server) ask(method, path string, body []byte, headers map[string]string) (io.ReadCloser, error) {
	request, err := http.NewRequest(method, s.url+"/v1/"+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		request.Header.Set(name, value)
	}
	answer, err := s.client.Do(request)
	if err != nil {
		return nil, err
	}
	if answer.StatusCode < 400 {
		return answer.Body, nil
	}
	defer answer.Body.Close()
	var p problem
	if err := json.NewDecoder(answer.Body).Decode(&p); err != nil {
		return nil, fmt.Errorf("status %s", answer.Status)
	}
	return nil, p
}
