package main

import (
	"context"
	"time"

	"go.uber.org/zap"
)

// forwardTimeout is how long the tax office may take with one receipt.
const forwardTimeout = 5 * time.Second

// desk is where receipts are asked for.
type desk struct {
	logger   *zap.Logger
	office   *office
	printing *pool
	sending  *pool
}

func newDesk(logger *zap.Logger, office *office) *desk {
	printing, sending := newPools()
	return &desk{logger: logger, office: office, printing: printing, sending: sending}
}

// receipt prints and signs a receipt.
func (d *desk) receipt(ctx context.Context, number int) (string, error) {
	var text string
	var failed error
	if err := d.printing.do(ctx, func() { text, failed = printReceipt(number) }); err != nil {
		return "", err
	}
	return text, failed
}

// forward sees to it that the tax office gets a receipt, and does not wait for that.
func (d *desk) forward(ctx context.Context, number int) error {
	return d.sending.submit(ctx, func() {
		// The request that asked for it may be over by now.
		ctx, cancel := context.WithTimeout(context.Background(), forwardTimeout)
		defer cancel()
		if err := d.office.deliver(ctx, number); err != nil {
			d.logger.Warn("not forwarded", zap.Int("receipt", number), zap.Error(err))
		}
	})
}
