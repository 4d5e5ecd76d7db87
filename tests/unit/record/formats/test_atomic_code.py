"""Atomic read-modify-write instructions, told from machine code."""

import random

import pytest

from tailtune.record.formats.atomic_code import AFTER, BEFORE, is_at_atomic

NOPS = b"\x90" * BEFORE
X86 = {
    "lock xadd %rax,(%rdi)": "f0 48 0f c1 07",
    "lock xadd %r8,0x10(%rip)": "f0 4c 0f c1 05 10 00 00 00",
    "lock incq (%rdi)": "f0 48 ff 07",
    "lock decq 0x100(%rax,%rbx,8)": "f0 48 ff 8c d8 00 01 00 00",
    "lock addq $1,8(%rdi)": "f0 48 83 47 08 01",
    "lock addl $0x100,0x10(%rip)": "f0 81 05 10 00 00 00 00 01 00 00",
    "lock addw $0x1234,(%rdi)": "66 f0 81 07 34 12",
    "lock orl $0,(%rsp)": "f0 83 0c 24 00",
    "lock sub %cl,(%r12,%rax,1)": "f0 41 28 0c 04",
    "lock and %ecx,0x40(,%rax,4)": "f0 21 0c 85 40 00 00 00",
    "lock negl (%rdi)": "f0 f7 1f",
    "lock cmpxchg %ecx,(%rdx)": "f0 0f b1 0a",
    "lock cmpxchg16b (%rsi)": "f0 48 0f c7 0e",
    "lock btsq $3,(%rdi)": "f0 48 0f ba 2f 03",
    "lock btr %eax,(%rdi)": "f0 0f b3 07",
    "xchg %rax,(%rdi)": "48 87 07",
    "xchg %al,-8(%rsi)": "86 46 f8",
}
OTHER_X86 = {
    "xchg %rax,%rbx": "48 87 d8",
    "add %rax,(%rdi), not locked": "48 01 07",
    "cmpxchg %ecx,(%rdx), not locked": "0f b1 0a",
    "mfence": "0f ae f0",
    "and $0xf0,%al; mov %eax,(%rdi)": "24 f0 89 07",
    "lock of a comparison, which is none": "f0 83 3f 01",
    "lock of registers, which is none": "f0 48 01 c8",
    "mov (%rdi),%rax": "48 8b 07",
}
ARM = {
    "ldadd x1,x0,[x2]": 0xF8210040,
    "ldaddal x1,x0,[x2]": 0xF8E10040,
    "ldclr w1,w0,[x2]": 0xB8211040,
    "swpal x0,x1,[x2]": 0xF8E08041,
    "casal x0,x1,[x2]": 0xC8E0FC41,
    "casp x0,x1,x2,x3,[x4]": 0x48207C82,
    "ldaxr x1,[x0]": 0xC85FFC01,
    "stlxr w3,x1,[x0]": 0xC803FC01,
    "stxr w3,w1,[x0]": 0x88037C01,
}
OTHER_ARM = {
    "ldapr x0,[x1]": 0xF8BFC020,
    "ldar x1,[x0]": 0xC8DFFC01,
    "stlr x1,[x0]": 0xC89FFC01,
    "ldr x0,[x1,x2]": 0xF8626820,
    "str x0,[x1]": 0xF9000020,
    "add x0,x1,x2": 0x8B020020,
    "nop": 0xD503201F,
}


def at(code: bytes, machine: str) -> tuple[bool, bool]:
    """Whether it is seen at the code, and directly behind it."""
    nothing = NOPS if machine == "x86_64" else b"\x1f\x20\x03\xd5"
    return (
        is_at_atomic(nothing, (code + nothing)[:AFTER], machine),
        is_at_atomic((nothing + code)[-BEFORE:], nothing, machine),
    )


@pytest.mark.parametrize("code", X86.values(), ids=X86)
def test_atomics_of_x86_are_seen_at_themselves_and_at_what_follows(code):
    assert at(bytes.fromhex(code), "x86_64") == (True, True)


@pytest.mark.parametrize("code", OTHER_X86.values(), ids=OTHER_X86)
def test_other_code_of_x86_is_none(code):
    assert at(bytes.fromhex(code), "x86_64") == (False, False)


@pytest.mark.parametrize("word", ARM.values(), ids=ARM)
def test_atomics_of_arm(word):
    assert at(word.to_bytes(4, "little"), "aarch64") == (True, True)


@pytest.mark.parametrize("word", OTHER_ARM.values(), ids=OTHER_ARM)
def test_other_code_of_arm_is_none(word):
    assert at(word.to_bytes(4, "little"), "aarch64") == (False, False)


def test_an_instruction_further_back_or_cut_is_none():
    code = bytes.fromhex(X86["lock xadd %rax,(%rdi)"])
    assert not is_at_atomic(NOPS + code + b"\x90", NOPS, "x86_64")
    assert not is_at_atomic(NOPS + code[:-1], NOPS, "x86_64")
    assert not is_at_atomic(b"", code[:-1], "x86_64")
    assert not is_at_atomic(b"\x40\x00\x21", b"\x40\x00\x21", "aarch64")


def test_of_other_machines_nothing_is_known():
    assert not is_at_atomic(NOPS, bytes.fromhex(X86["lock incq (%rdi)"]) + NOPS, "riscv64")


def test_bytes_at_random_seldom_look_like_an_atomic_in_front():
    draw = random.Random(1)
    found = sum(is_at_atomic(draw.randbytes(BEFORE), NOPS, "x86_64") for _ in range(20_000))
    assert found < 200
