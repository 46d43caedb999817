/// The values of a series in the expanding notation of rule tests
/// (https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series).
public enum SeriesValues {
    /// Longer than any test, and short enough for memory.
    public static let mostValues = 10_000_000

    /// Reads values apart from each other by blanks: `1.5`, `-Inf`, `1+2x3` (four values from 1 in steps of 2), `1x3`,
    /// `_` and `_x3` (no value), `stale` (`Sample.staleMarker`).
    ///
    /// - Returns: the values in order; `nil` where there is none.
    /// - Throws: `ParseError` with the place of the first mistake.
    public static func parse(_ text: String) throws(ParseError) -> [Double?] {
        var reader = SeriesValuesReader(text)
        return try reader.read()
    }
}

private struct SeriesValuesReader {
    private let source: SourceText
    private var index = 0
    private var values: [Double?] = []

    init(_ text: String) {
        source = SourceText(text)
    }

    mutating func read() throws(ParseError) -> [Double?] {
        while true {
            while let byte = peek, [0x20, 0x09, 0x0A, 0x0D].contains(byte) { index += 1 }
            if peek == nil { return values }
            try readItem()
            if let byte = peek, ![0x20, 0x09, 0x0A, 0x0D].contains(byte) {
                throw error("unexpected character, expected a blank between two values", at: index)
            }
        }
    }

    private mutating func readItem() throws(ParseError) {
        let start = index
        if accept("_") {
            let count = accept("x") ? try readCount() : 1
            try append(contentsOf: repeatElement(Double?.none, count: count), at: start)
            return
        }
        if accept("{") { throw error("native histograms are not supported, expected a number", at: start) }
        if let word = readWord(), word == "stale" {
            try append(contentsOf: [Sample.staleMarker], at: start)
            return
        }
        index = start
        var value = try readNumber()
        let sign = index
        if accept("x") {
            // Once, and this many times more.
            try append(contentsOf: repeatElement(Double?.some(value), count: try readCount() + 1), at: start)
        } else if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") {
            let step = try readNumber()
            guard accept("x") else {
                throw error("expected how often the step is taken, for example \(text(from: sign))x10", at: index)
            }
            let count = try readCount() + 1
            try reserve(count, at: start)
            for _ in 0..<count {
                values.append(value)
                value += step
            }
        } else {
            try append(contentsOf: [value], at: start)
        }
    }

    /// A number with its sign; hexadecimal ones cannot be told from a repetition.
    private mutating func readNumber() throws(ParseError) -> Double {
        let start = index
        let isNegative = accept("-")
        if !isNegative { _ = accept("+") }
        let digits = index
        if let word = readWord() {
            switch word.lowercased() {
            case "inf": return isNegative ? -.infinity : .infinity
            case "nan": return .nan
            default: break
            }
            index = digits
        }
        while let byte = peek, byte.isASCIIDigit || byte == UInt8(ascii: ".") { index += 1 }
        if let byte = peek, byte | 0x20 == UInt8(ascii: "e"), index > digits {
            index += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { index += 1 }
            while let byte = peek, byte.isASCIIDigit { index += 1 }
        }
        guard let value = NumberText.value(text(from: digits)) else {
            throw error("expected a number, _ or stale", at: start)
        }
        return isNegative ? -value : value
    }

    private mutating func readCount() throws(ParseError) -> Int {
        let start = index
        while let byte = peek, byte.isASCIIDigit { index += 1 }
        guard index > start else { throw error("expected how often, a whole number behind the x", at: start) }
        guard let count = Int(text(from: start)), count <= SeriesValues.mostValues else { throw tooMany(at: start) }
        return count
    }

    /// Letters on end.
    private mutating func readWord() -> String? {
        let start = index
        while let byte = peek, byte.isASCIILetterOrUnderscore { index += 1 }
        return index > start ? text(from: start) : nil
    }

    private mutating func append(contentsOf new: some Collection<Double?>, at start: Int) throws(ParseError) {
        try reserve(new.count, at: start)
        values.append(contentsOf: new)
    }

    private func reserve(_ count: Int, at start: Int) throws(ParseError) {
        guard values.count + count <= SeriesValues.mostValues else { throw tooMany(at: start) }
    }

    private func tooMany(at offset: Int) -> ParseError {
        error("the series has too many values, at most \(SeriesValues.mostValues)", at: offset)
    }

    private var peek: UInt8? { index < source.bytes.count ? source.bytes[index] : nil }

    private mutating func accept(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private func text(from start: Int) -> String { source.text(start..<index) }

    private func error(_ message: String, at offset: Int) -> ParseError {
        ParseError(message, at: offset, in: source)
    }
}
