/// The decimal digits of a floating-point number, exactly or the fewest that tell it from its neighbours.
///
/// The value is `0.d₁d₂d₃… × 10^point`. Zero has no digits.
struct ExactDecimal {
    private(set) var digits: [UInt8]
    private(set) var point: Int

    /// All digits of the magnitude of a finite number: every binary fraction is a finite decimal one.
    init(exactly value: Double) {
        let magnitude = value.magnitude
        guard magnitude > 0, magnitude.isFinite else {
            digits = []
            point = 0
            return
        }
        let fraction = magnitude.significandBitPattern
        let biased = Int(magnitude.exponentBitPattern)
        let significand = biased == 0 ? fraction : fraction | (1 << 52)
        let exponent = max(biased, 1) - 1075
        // m·2^e for e ≥ 0; otherwise m·2^e = m·5^-e / 10^-e.
        var limbs = Limbs(significand)
        limbs.multiply(by: exponent >= 0 ? 2 : 5, times: exponent.magnitude)
        digits = limbs.decimalDigits
        point = digits.count - (exponent < 0 ? -exponent : 0)
        dropTrailingZeros()
    }

    /// The fewest digits that read back as the same number.
    init(shortest value: Double) {
        digits = []
        point = 0
        guard value.isFinite, value != 0 else { return }
        // Swift prints the shortest, closest digits, in one of the forms 12.5, 0.00125, 1.25e-07.
        var seenPoint = false
        var exponent = 0
        let pieces = value.magnitude.description.split(separator: "e")
        for byte in pieces[0].utf8 {
            if byte == UInt8(ascii: ".") {
                seenPoint = true
            } else {
                digits.append(byte - UInt8(ascii: "0"))
                if !seenPoint { point += 1 }
            }
        }
        if pieces.count > 1 { exponent = Int(pieces[1]) ?? 0 }
        let leading = digits.prefix { $0 == 0 }.count
        digits.removeFirst(leading)
        point += exponent - leading
        dropTrailingZeros()
    }

    /// Rounds to this many digits after the first; a tie goes to the even digit.
    mutating func round(toDigits count: Int) {
        guard count < digits.count else { return }
        guard count >= 0 else {
            digits = []
            point = 0
            return
        }
        let next = digits[count]
        let isTie = next == 5 && count + 1 == digits.count
        let isOdd = count > 0 && digits[count - 1] % 2 == 1
        let up = isTie ? isOdd : next >= 5
        digits.removeSubrange(count...)
        if up {
            var index = count - 1
            while index >= 0, digits[index] == 9 {
                digits[index] = 0
                index -= 1
            }
            if index >= 0 {
                digits[index] += 1
            } else {
                digits.insert(1, at: 0)
                point += 1
            }
        }
        dropTrailingZeros()
    }

    /// The digit at a place, 0 beyond the last.
    func digit(_ index: Int) -> UInt8 {
        index >= 0 && index < digits.count ? digits[index] : 0
    }

    private mutating func dropTrailingZeros() {
        while digits.last == 0 { digits.removeLast() }
        if digits.isEmpty { point = 0 }
    }

    /// A whole number in base 10⁹, lowest limb first.
    private struct Limbs {
        private var limbs: [UInt32]
        private static let base: UInt64 = 1_000_000_000

        init(_ value: UInt64) {
            limbs = []
            var rest = value
            while rest > 0 {
                limbs.append(UInt32(rest % Limbs.base))
                rest /= Limbs.base
            }
        }

        mutating func multiply(by factor: UInt64, times: UInt) {
            // As many factors at once as fit into 32 bits.
            let stride: UInt = factor == 2 ? 31 : 13
            var left = times
            while left > 0 {
                let step = min(left, stride)
                var product: UInt64 = 1
                for _ in 0..<step { product *= factor }
                var carry: UInt64 = 0
                for index in limbs.indices {
                    let value = UInt64(limbs[index]) * product + carry
                    limbs[index] = UInt32(value % Limbs.base)
                    carry = value / Limbs.base
                }
                while carry > 0 {
                    limbs.append(UInt32(carry % Limbs.base))
                    carry /= Limbs.base
                }
                left -= step
            }
        }

        var decimalDigits: [UInt8] {
            var result: [UInt8] = []
            for limb in limbs {
                var rest = limb
                for _ in 0..<9 {
                    result.append(UInt8(rest % 10))
                    rest /= 10
                }
            }
            while result.last == 0 { result.removeLast() }
            return result.reversed()
        }
    }
}
