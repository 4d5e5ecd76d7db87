/* What walk.out was counted on, without a library: it makes a ring of cells apart from each other and follows it.
   cc -O1 -g -gdwarf-4 -nostdlib -static -fno-stack-protector -ffile-prefix-map=$PWD=/src -o walk walk.c
   valgrind --tool=cachegrind --cache-sim=yes --LL=33554432,16,64 --cachegrind-out-file=walk.out ./walk */

enum { CELLS = 4096 };

static volatile int step = 1531; /* valgrind looks for names only where there are data that are written */

static struct cell {
    struct cell *next;
    char others[120];
} cells[CELLS];

static __attribute__((noinline)) void make(void)
{
    for (int at = 0; at < CELLS; at++)
        cells[at].next = &cells[(at + step) % CELLS];
}

static __attribute__((noinline)) struct cell *walk(struct cell *from, int steps)
{
    while (steps-- > 0)
        from = from->next;
    return from;
}

void _start(void)
{
    make();
    long status = walk(cells, 3 * CELLS) != cells;
    __asm__ volatile("syscall" : : "a"(60), "D"(status));
    __builtin_unreachable();
}
