//! The stops of the network, and the numbers under which the national register has them.

/// Stops lie on a grid of so many in each direction; its edges join.
const SIDE: u32 = 1024;

/// Numbers that the register gives away: the stops of this network are strewn among them.
pub(crate) const REGISTER: usize = 9 << 20;

/// Has no factor in common with `REGISTER`, so that no number is given away twice.
const STRIDE: u64 = 5_764_801;

#[derive(Clone, Copy)]
pub(crate) struct Stop {
    x: u32,
    y: u32,
}

impl Stop {
    /// The stop that a traveller's application calls by this key.
    pub(crate) fn of(key: u64) -> Self {
        let spread = mix(key);
        Self::at(spread as u32, (spread >> 32) as u32)
    }

    fn at(x: u32, y: u32) -> Self {
        Self { x: x % SIDE, y: y % SIDE }
    }

    pub(crate) fn register_number(self) -> usize {
        let place = u64::from(self.y * SIDE + self.x);
        ((place * STRIDE + 12_345) % REGISTER as u64) as usize
    }

    pub(crate) fn name(self) -> String {
        format!("P{:07}", self.register_number())
    }

    pub(crate) fn moved(self, right: i32, down: i32) -> Self {
        Self::at(self.x.wrapping_add_signed(right), self.y.wrapping_add_signed(down))
    }

    /// Those that a vehicle reaches next.
    pub(crate) fn next(self) -> [Self; 4] {
        [self.moved(1, 0), self.moved(-1, 0), self.moved(0, 1), self.moved(0, -1)]
    }
}

/// Makes neighbouring numbers unlike each other.
pub(crate) fn mix(value: u64) -> u64 {
    let value = (value ^ 0x9e37_79b9_7f4a_7c15).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let value = (value ^ (value >> 29)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 32)
}
