// Runs a command by the API of chore, shows its output, and ends with its exit code.
//
// The package chorev1 is made once, from the proto file that comes with chore:
//
//	protoc -I proto --go_out=. --go-grpc_out=. chore/v1/chore.proto
//	go run . unix:$XDG_RUNTIME_DIR/chore/api.sock make test
//
// For another machine, with its certificate and one's own, give credentials.NewTLS(&tls.Config{…}) in the place of
// insecure.NewCredentials().
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"

	chorev1 "example.com/jobs/chore/v1"
)

func main() {
	code, err := run(context.Background(), os.Args[1], os.Args[2:])
	if err != nil {
		tell(err)
		code = 125
	}
	os.Exit(code)
}

func run(ctx context.Context, address string, command []string) (int, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	jobs := chorev1.NewJobsClient(conn)

	job, err := jobs.Run(ctx, &chorev1.RunRequest{Command: command})
	if err != nil {
		return 0, err
	}
	fmt.Fprintf(os.Stderr, "%s is %s\n", job.GetName(), job.GetId())

	follow := true
	parts, err := jobs.Logs(ctx, &chorev1.LogsRequest{Reference: job.GetId(), Follow: &follow})
	if err != nil {
		return 0, err
	}
	for {
		part, err := parts.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return 0, err
		}
		if ended := part.GetEnded(); ended != nil {
			job = ended
		} else if _, err := os.Stdout.Write(part.GetPiece().GetBytes()); err != nil {
			return 0, err
		}
	}
	fmt.Fprintf(os.Stderr, "%s %s\n", job.GetName(), job.GetState())
	if job.ExitCode == nil {
		return 1, nil
	}
	return int(job.GetExitCode()), nil
}

// The detail of an error of chore is a Problem, with a stable code and often a hint.
func tell(err error) {
	fmt.Fprintln(os.Stderr, status.Convert(err).Message())
	for _, detail := range status.Convert(err).Details() {
		if problem, ok := detail.(*chorev1.Problem); ok {
			fmt.Fprintln(os.Stderr, problem.GetCode(), problem.GetHint())
		}
	}
}
