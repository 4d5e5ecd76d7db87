package main

import "context"

// backlog is how many jobs may wait for a worker.
const backlog = 1024

// pool runs jobs on a fixed number of workers, so that a rush at the tills can't take the whole machine.
type pool struct {
	jobs chan func()
}

func newPool(workers int) *pool {
	p := &pool{jobs: make(chan func(), backlog)}
	for range workers {
		go p.work()
	}
	return p
}

func (p *pool) work() {
	for job := range p.jobs {
		job()
	}
}

// submit leaves a job to the workers.
func (p *pool) submit(ctx context.Context, job func()) error {
	select {
	case p.jobs <- job:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// do leaves a job to the workers and waits until it is done.
func (p *pool) do(ctx context.Context, job func()) error {
	done := make(chan struct{})
	err := p.submit(ctx, func() {
		defer close(done)
		job()
	})
	if err != nil {
		return err
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
