import PromQL
import Testing

@Suite struct SeriesNotationTests {
    @Test(
        "Values are expanded as in promtool",
        arguments: [
            ("1 2 3", [1, 2, 3]), ("1x3", [1, 1, 1, 1]), ("1+2x3", [1, 3, 5, 7]), ("10-2.5x2", [10, 7.5, 5]),
            ("-2+4x3", [-2, 2, 6, 10]), ("_ _x2 4", [nil, nil, nil, 4]), ("_x0 1", [1]), ("", []),
            ("  \n 1\t2 ", [1, 2]),
            ("+3 -Inf inf", [3, -Double.infinity, .infinity]), ("1e3x1 .5", [1000, 1000, 0.5]), ("0x2", [0, 0, 0]),
            ("1+-1x1", nil), ("1e-1+1e-1x2", [0.1, 0.2, 0.1 + 0.1 + 0.1]),
        ] as [(String, [Double?]?)])
    func values(text: String, expected: [Double?]?) throws {
        guard let expected else {
            #expect(throws: ParseError.self) { try SeriesValues.parse(text) }
            return
        }
        #expect(try SeriesValues.parse(text) == expected)
    }

    @Test("NaN and the end of a series are told apart")
    func odd() throws {
        let values = try SeriesValues.parse("NaN stale nan")
        #expect(values.map { $0?.isNaN } == [true, true, true])
        #expect(values.map { $0?.bitPattern == Sample.staleMarker.bitPattern } == [false, true, false])
    }

    @Test(
        "What is no value is refused with its place",
        arguments: [
            ("1 2 abc", 5), ("1+2", 4), ("1x", 3), ("1xx", 3), ("5 1x99999999999999999999", 5), ("1x10000001", 3),
            ("{{schema:1}}", 1), ("1,2", 2), ("stalex3", 1), ("_y", 2), ("--1", 1), ("😀", 1),
        ])
    func refused(text: String, column: Int) {
        let error = #expect(throws: ParseError.self) { try SeriesValues.parse(text) }
        #expect(error?.column == column, "\(String(describing: error))")
    }

    @Test(
        "A series is read as Prometheus writes it",
        arguments: [
            ("up", ["__name__": "up"]), ("up{}", ["__name__": "up"]), ("{}", [:]), ("", [:]),
            ("up{job=\"node\", x='y',}", ["__name__": "up", "job": "node", "x": "y"]),
            ("{__name__=\"a.b\",z=\"\"}", ["__name__": "a.b"]),
            ("{\"a.b\", \"c d\"=\"1\"}", ["__name__": "a.b", "c d": "1"]),
            ("rule:rate5m{a=\"\\n\"}", ["__name__": "rule:rate5m", "a": "\n"]),
        ] as [(String, [String: String])])
    func series(text: String, expected: [String: String]) throws {
        #expect(try Labels(parsing: text) == Labels(expected))
        #expect(try Labels(parsing: Labels(expected).description) == Labels(expected))
    }

    @Test(
        "What is no series is refused with its place",
        arguments: [
            ("up{job=node}", 8), ("up{job!=\"a\"}", 7), ("up{", 4), ("up{a=\"b\"", 9), ("up x", 4), ("1", 1),
            ("up{a=\"b\" c=\"d\"}", 10), ("up[5m]", 3),
        ])
    func noSeries(text: String, column: Int) {
        let error = #expect(throws: ParseError.self) { try Labels(parsing: text) }
        #expect(error?.column == column, "\(String(describing: error))")
    }
}
