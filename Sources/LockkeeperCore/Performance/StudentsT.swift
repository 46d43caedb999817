#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Student's t-distribution.
public enum StudentsT {
    /// The probability that a t-distributed variable is at least as far from 0 as `t`: the p-value of a two-sided test.
    ///
    /// It is the regularized incomplete beta function at ν / (ν + t²) with the parameters ν/2 and 1/2 (Abramowitz and Stegun,
    /// "Handbook of Mathematical Functions", 26.7.1).
    ///
    /// - Parameter degreesOfFreedom: ν, greater than 0; need not be whole. With none the answer is 1: nothing is known.
    public static func twoSided(_ t: Double, degreesOfFreedom: Double) -> Double {
        guard degreesOfFreedom > 0, !t.isNaN else { return 1 }
        guard t.isFinite else { return 0 }
        return regularizedBeta(
            degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5,
            complement: t * t / (degreesOfFreedom + t * t))
    }

    /// I_x(a, b), the regularized incomplete beta function.
    static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        regularizedBeta(x, a, b, complement: 1 - x)
    }

    /// - Parameter complement: 1 - x, more exactly than it can be had from an x near 1.
    private static func regularizedBeta(_ x: Double, _ a: Double, _ b: Double, complement y: Double) -> Double {
        guard x > 0 else { return 0 }
        guard y > 0 else { return 1 }
        let front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log(y))
        // The fraction converges fast on one side of the mean only; the other side is the complement.
        return x < (a + 1) / (a + b + 2)
            ? front * continuedFraction(x, a, b) / a
            : 1 - front * continuedFraction(y, b, a) / b
    }

    /// The continued fraction of the incomplete beta function (Abramowitz and Stegun, 26.5.8), by Lentz's method.
    private static func continuedFraction(_ x: Double, _ a: Double, _ b: Double) -> Double {
        let tiny = 1e-300
        func kept(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / kept(1 - (a + b) * x / (a + 1))
        var result = d
        for step in 1...1000 {
            let m = Double(step)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / kept(1 + even * d)
            c = kept(1 + even / c)
            result *= d * c
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / kept(1 + odd * d)
            c = kept(1 + odd / c)
            let factor = d * c
            result *= factor
            if abs(factor - 1) < 1e-15 { break }
        }
        return result
    }
}
