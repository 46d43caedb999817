#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// The C library's functions that the standard library lacks; PromQL defines its own by IEEE 754 as Go does.
enum SystemMath {
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
    static func arcTangent(_ y: Double, _ x: Double) -> Double { atan2(y, x) }
    static func exponential(_ x: Double) -> Double { exp(x) }
    static func naturalLogarithm(_ x: Double) -> Double { log(x) }
    static func binaryLogarithm(_ x: Double) -> Double { log2(x) }
    static func decimalLogarithm(_ x: Double) -> Double { log10(x) }

    /// The trigonometric functions by their PromQL names.
    static let trigonometry: [(name: String, function: @Sendable (Double) -> Double)] = [
        ("sin", { sin($0) }), ("cos", { cos($0) }), ("tan", { tan($0) }),
        ("asin", { asin($0) }), ("acos", { acos($0) }), ("atan", { atan($0) }),
        ("sinh", { sinh($0) }), ("cosh", { cosh($0) }), ("tanh", { tanh($0) }),
        ("asinh", { asinh($0) }), ("acosh", { acosh($0) }), ("atanh", { atanh($0) }),
    ]

    /// The larger, NaN if either is one (unless the other is +Inf), as Go's `math.Max`.
    static func maximum(_ x: Double, _ y: Double) -> Double {
        if x == .infinity || y == .infinity { return .infinity }
        if x.isNaN || y.isNaN { return .nan }
        return x > y ? x : y
    }

    /// The smaller, NaN if either is one (unless the other is -Inf), as Go's `math.Min`.
    static func minimum(_ x: Double, _ y: Double) -> Double {
        if x == -.infinity || y == -.infinity { return -.infinity }
        if x.isNaN || y.isNaN { return .nan }
        return x < y ? x : y
    }
}
