// A gRPC server with one unary method; echo.proto describes it.
//
// It prints its address, and ends when its standard input does.
package main

import (
	"context"
	"flag"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"tailtune.example/servers/internal/place"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:0", "HOST:PORT, or unix:PATH")
	authority := flag.String("tls", "", "speak TLS, and write the certificate to trust to this file")
	flag.Parse()

	listener, err := place.Listen(*listen)
	if err != nil {
		place.Fail(err)
	}
	var options []grpc.ServerOption
	if *authority != "" {
		certificate, err := place.Certificate("valid", *authority)
		if err != nil {
			place.Fail(err)
		}
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(&certificate)))
	}
	server := grpc.NewServer(options...)
	server.RegisterService(&service, nil)
	place.Announce(listener)
	place.Fail(server.Serve(listener))
}

// On the wire a StringValue is what echo.proto calls Text: one string, field 1.
var service = grpc.ServiceDesc{
	ServiceName: "tailtune.test.Echo",
	HandlerType: (*any)(nil),
	Methods:     []grpc.MethodDesc{{MethodName: "Say", Handler: say}},
}

// say answers with the text of the request; `fail N` with the status N.
func say(_ any, _ context.Context, decode func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
	var request wrapperspb.StringValue
	if err := decode(&request); err != nil {
		return nil, err
	}
	if number, found := strings.CutPrefix(request.GetValue(), "fail "); found {
		code, err := strconv.ParseUint(number, 10, 8)
		if err != nil {
			return nil, status.Error(codes.InvalidArgument, "not a status")
		}
		return nil, status.Error(codes.Code(code), "as asked")
	}
	return &request, nil
}
