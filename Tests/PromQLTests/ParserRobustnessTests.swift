import LockkeeperTestSupport
import PromQL
import Testing

@Suite struct ParserRobustnessTests {
    private static let words = [
        "a", "up", "sum", "rate", "by", "without", "on", "ignoring", "group_left", "group_right", "bool", "offset",
        "and",
        "or", "unless", "atan2", "topk", "count_values", "quantile", "start", "end", "inf", "nan", "(", ")", "{", "}",
        "[",
        "]", ",", ":", "@", "=", "!=", "=~", "!~", "==", "<", "<=", ">", ">=", "+", "-", "*", "/", "%", "^", "1", "0x",
        "1e",
        "5m", "1h30m", "9999999999999y", "\"x\"", "'y'", "`z`", "\"", "'", "`", "\\", "#", "\n", "#c\n", "$", "ä", "😀",
        "\u{0}", "__name__", "label_replace", "histogram_quantile", "time()", "vector(1)", "a[5m]", "a[5m:1m]", ".",
        "..",
        "1.5", "-1", "1e309", "{a=~\"(\"}", "{a=~\"(a+)+\"}", "absent", "!",
    ]

    @Test(
        "No soup of tokens crashes the parser, and what it accepts prints, reads back and evaluates", arguments: 0..<8)
    func tokenSoup(seed: Int) throws {
        var random = SeededGenerator(seed: UInt64(seed))
        let source = SampleSeries([(Labels(metric: "a"), [1, 2, 3]), (["__name__": "a", "x": "1"], [4, nil, 6])])
        var accepted = 0
        for _ in 0..<4000 {
            let count = Int.random(in: 1...12, using: &random)
            let separator = random.chance(70) ? " " : ""
            let text = (0..<count).map { _ in random.pick(Self.words) }.joined(separator: separator)
            do {
                let expression = try Expression(parsing: text)
                accepted += 1
                let printed = expression.description
                #expect(try Expression(parsing: printed).description == printed, "\(text)")
                _ = expression.selectors
                _ = try? expression.evaluate(at: Int64(random.next() >> 44), over: source)
                _ = try? expression.evaluate(at: .min, over: source)
                _ = try? expression.evaluate(at: .max, over: source)
            } catch {
                #expect(error.offset >= 0 && error.offset <= text.utf8.count, "\(text)")
                #expect(error.line >= 1 && error.column >= 1)
            }
        }
        #expect(accepted > 50)
    }

    @Test("No soup of bytes crashes the parser or the regular expressions", arguments: 0..<4)
    func byteSoup(seed: Int) {
        var random = SeededGenerator(seed: UInt64(seed) + 100)
        for _ in 0..<5000 {
            let bytes = (0..<Int.random(in: 0...24, using: &random)).map { _ in
                UInt8.random(in: 0x20...0x7E, using: &random)
            }
            let text = String(decoding: bytes, as: UTF8.self)
            _ = try? Expression(parsing: text)
            if let regex = try? LinearRegex(text) {
                _ = regex.matches(text)
                _ = regex.replacingAll(in: text, with: text)
            }
        }
    }

    /// Kept short in the report of the tests: what is repeated, how often, and what stands behind.
    struct Repetition: CustomTestStringConvertible, Sendable {
        let part: String
        var count = 20_000
        var end = ""

        var text: String { String(repeating: part, count: count) + end }
        var testDescription: String { "\(count) × \(part) and \(end.prefix(20))" }
    }

    @Test(
        "Nesting without end is an error and not a crash",
        arguments: [
            Repetition(part: "("), Repetition(part: "-", end: "1"), Repetition(part: "abs("), Repetition(part: "sum("),
            Repetition(part: "1 + ", end: "1"), Repetition(part: "2 ^ ", end: "1"), Repetition(part: "a or ", end: "a"),
            Repetition(part: "max_over_time(", end: "a"),
            Repetition(part: "sum((", count: 90, end: "a" + String(repeating: " + a))", count: 90)),
        ])
    func nesting(_ repetition: Repetition) {
        let error = #expect(throws: ParseError.self) { try Expression(parsing: repetition.text) }
        #expect(error?.message.contains("nested too deeply") == true)
    }

    @Test(
        "Long texts are read or refused in one go: were it quadratic, this would not end",
        arguments: [
            Repetition(part: "a,", count: 50_000), Repetition(part: "{a=\"b\",", count: 50_000),
            Repetition(part: " a ", count: 50_000), Repetition(part: "5m", count: 50_000),
            Repetition(part: "'x' ", count: 50_000), Repetition(part: "#\n", count: 50_000, end: "a"),
            Repetition(part: "[5m]", count: 50_000), Repetition(part: "\\", count: 50_000),
            Repetition(part: "1_0", count: 50_000), Repetition(part: ")", count: 50_000),
            Repetition(part: "😀", count: 50_000), Repetition(part: "\n", count: 50_000, end: "$"),
        ])
    func long(_ repetition: Repetition) {
        for text in [repetition.text, "a{" + repetition.text, "sum by (" + repetition.text, "'" + repetition.text] {
            do { _ = try Expression(parsing: text) } catch { #expect(error.offset <= text.utf8.count) }
            _ = try? Labels(parsing: text)
            _ = try? SeriesValues.parse(text)
        }
    }

    @Test("Long lists of labels, matchers and arguments are read in one go")
    func longLists() throws {
        let matchers = (0..<20_000).map { "l\($0)=\"x\"" }.joined(separator: ",")
        let names = (0..<20_000).map { "l\($0)" }.joined(separator: ",")
        #expect(try Expression(parsing: "a{\(matchers)}").selectors.first?.matchers.count == 20_001)
        #expect(try Expression(parsing: "sum by (\(names)) (a)").metricNames == ["a"])
        #expect(throws: ParseError.self) { try Expression(parsing: "abs(\(names))") }
    }

    @Test("As deep as allowed still evaluates")
    func deepest() throws {
        let text = String(repeating: "(", count: 190) + "1" + String(repeating: ")", count: 190)
        #expect(try Expression(parsing: text).evaluate(at: 0, over: SampleSeries()) == .scalar(1))
        let chain = Array(repeating: "1", count: 190).joined(separator: " + ")
        #expect(try Expression(parsing: chain).evaluate(at: 0, over: SampleSeries()) == .scalar(190))
    }

    @Test("A subquery with countless steps is refused")
    func countlessSteps() throws {
        let expression = try Expression(parsing: "max_over_time(vector(1)[100y:1ms])")
        let error = #expect(throws: EvaluationError.self) { try expression.evaluate(at: 0, over: SampleSeries()) }
        #expect(error?.message.contains("steps") == true)
        #expect(error?.column == 15)
    }
}
