/// Number literals: `5`, `.5`, `1e-3`, `0x1F`, `1_000`. `Inf` and `NaN` are names until a number is expected.
enum NumberText {
    static func value(_ text: String) -> Double? {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, first.isASCIIDigit || first == UInt8(ascii: "."), underscoresSeparate(bytes)
        else { return nil }
        let digits = String(decoding: bytes.filter { $0 != UInt8(ascii: "_") }, as: UTF8.self)
        let lower = digits.lowercased()
        if lower.hasPrefix("0x") {
            guard lower.utf8.count > 2 else { return nil }
            return UInt64(lower.dropFirst(2), radix: 16).map { Double($0) }
        }
        guard lower.utf8.allSatisfy({ $0.isASCIIDigit || [0x2E, 0x65, 0x2B, 0x2D].contains($0) }) else { return nil }
        // Go, and so Prometheus, reads whole numbers with a leading zero as octal where they can be.
        if lower.utf8.count > 1, lower.hasPrefix("0"), lower.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 }),
            let octal = Int64(lower, radix: 8)
        {
            return Double(octal)
        }
        let padded = lower.hasPrefix(".") ? "0" + lower : lower
        let pieces = padded.split(separator: "e", maxSplits: 1, omittingEmptySubsequences: false)
        let mantissa = pieces[0].hasSuffix(".") ? String(pieces[0].dropLast()) : String(pieces[0])
        guard !mantissa.isEmpty, pieces[0].count(where: { $0 == "." }) <= 1 else { return nil }
        let exponent = pieces.count > 1 ? "e" + pieces[1] : ""
        // Beyond the largest number, as in Go, it is an error and not infinity.
        return Double(mantissa + exponent).flatMap { $0.isFinite ? $0 : nil }
    }

    /// An underscore stands only between two digits.
    private static func underscoresSeparate(_ bytes: [UInt8]) -> Bool {
        for (index, byte) in bytes.enumerated() where byte == UInt8(ascii: "_") {
            guard index > 0, index + 1 < bytes.count, isDigit(bytes[index - 1]), isDigit(bytes[index + 1]) else {
                return false
            }
        }
        return true
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        let lower = byte | 0x20
        return byte.isASCIIDigit || (lower >= UInt8(ascii: "a") && lower <= UInt8(ascii: "f"))
    }
}
