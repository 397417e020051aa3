// A Go client of one port: health, reflection and many calls at once, with grpc-go's own HTTP/2.
//
// It prints "ok" and ends with 0, or says what failed and ends with 1.
package main

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/types/known/emptypb"
)

const parallelCalls = 100

func main() {
	if len(os.Args) != 2 {
		fail("usage: goclient HOST:PORT")
	}
	connection, err := grpc.NewClient(os.Args[1],
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	check("connect", err)
	defer connection.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()

	health(ctx, connection)
	reflection(ctx, connection)
	manyCalls(ctx, connection)
	fmt.Println("ok")
}

func health(ctx context.Context, connection *grpc.ClientConn) {
	answer, err := healthpb.NewHealthClient(connection).Check(ctx, &healthpb.HealthCheckRequest{})
	check("health", err)
	if answer.Status != healthpb.HealthCheckResponse_SERVING {
		fail("health is %v", answer.Status)
	}
}

func reflection(ctx context.Context, connection *grpc.ClientConn) {
	stream, err := reflectionpb.NewServerReflectionClient(connection).ServerReflectionInfo(ctx)
	check("reflection", err)
	check("reflection", stream.Send(&reflectionpb.ServerReflectionRequest{
		MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{},
	}))
	answer, err := stream.Recv()
	check("reflection", err)
	names := map[string]bool{}
	for _, service := range answer.GetListServicesResponse().GetService() {
		names[service.Name] = true
	}
	for _, wanted := range []string{"flyteidl.service.AdminService", "grpc.health.v1.Health"} {
		if !names[wanted] {
			fail("reflection does not list %s: %v", wanted, names)
		}
	}
	check("reflection", stream.CloseSend())
}

// manyCalls calls GetVersion, whose request has no fields; the answer's fields stay unknown here.
func manyCalls(ctx context.Context, connection *grpc.ClientConn) {
	var group sync.WaitGroup
	failures := make(chan error, parallelCalls)
	for range parallelCalls {
		group.Add(1)
		go func() {
			defer group.Done()
			answer := &emptypb.Empty{}
			err := connection.Invoke(ctx, "/flyteidl.service.AdminService/GetVersion",
				&emptypb.Empty{}, answer)
			if err == nil && len(answer.ProtoReflect().GetUnknown()) == 0 {
				err = fmt.Errorf("the answer is empty")
			}
			if err != nil {
				failures <- err
			}
		}()
	}
	group.Wait()
	close(failures)
	for err := range failures {
		fail("GetVersion: %v", err)
	}
}

func check(what string, err error) {
	if err != nil {
		fail("%s: %v", what, err)
	}
}

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", arguments...)
	os.Exit(1)
}
