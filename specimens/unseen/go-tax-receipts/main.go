// Command receipts prints and signs the receipts of a chain's tills, and forwards some of them to the tax office.
//
// Planted: newPools has receipts and forwards share one pool of four workers. A forward (4 % of the requests) is
// answered as soon as it is queued, but it keeps a worker for the tenth of a second that the office takes to answer.
// Now and then four forwards are under way at once, and whoever wants a receipt then waits in pool.do until a worker is
// free; printing takes well below a millisecond. The healthy twin gives forwards a pool of their own.
package main

import (
	"flag"
	"log"
	"net"
	"net/http"
	"time"

	"go.uber.org/zap"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "address to listen on")
	flag.Parse()

	logger, err := zap.NewProduction(zap.IncreaseLevel(zap.WarnLevel))
	if err != nil {
		log.Fatal(err)
	}
	sandbox, err := startSandbox()
	if err != nil {
		logger.Fatal("no sandbox", zap.Error(err))
	}
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		logger.Fatal("cannot listen", zap.Error(err))
	}
	server := &http.Server{Handler: routes(newDesk(logger, newOffice(sandbox))), ReadHeaderTimeout: 5 * time.Second}
	logger.Fatal("server ended", zap.Error(server.Serve(listener)))
}
