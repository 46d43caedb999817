import LockkeeperTestSupport
import PromQL
import Testing

@Suite struct EvaluationTests {
    private static let source = SampleSeries([
        (["__name__": "up", "job": "a"], [1, 1, 1, 1, 1, 1]),
        (["__name__": "up", "job": "b"], [1, 0, 0, 1, 0, 0]),
        (["__name__": "c_total", "job": "a"], [0, 60, 120, 0, 60, 120]),
        (["__name__": "gone", "job": "a"], [1, 2, Sample.staleMarker]),
        (["__name__": "gap", "job": "a"], [1, nil, nil, 4]),
        (["__name__": "info", "job": "a", "version": "1"], [1, 1, 1, 1, 1, 1]),
        (["__name__": "info", "job": "b", "version": "2"], [1, 1, 1, 1, 1, 1]),
    ])

    /// Labels and values in the order of the labels.
    private static func vector(
        _ text: String, at minutes: Double = 5, options: EvaluationOptions = EvaluationOptions()
    ) throws -> [String] {
        let value = try Expression(parsing: text).evaluate(at: Int64(minutes * 60_000), over: source, options: options)
        guard case .vector(let samples) = value else {
            Issue.record("\(text) gives no vector")
            return []
        }
        return samples.sorted { $0.labels < $1.labels }.map { "\($0.labels) \(FloatText.shortest($0.value))" }
    }

    @Test(
        "Expressions give what Prometheus gives",
        arguments: [
            ("up", ["up{job=\"a\"} 1", "up{job=\"b\"} 0"]), ("up == 0", ["up{job=\"b\"} 0"]),
            ("up == bool 0", ["{job=\"a\"} 0", "{job=\"b\"} 1"]), ("0 == up", ["up{job=\"b\"} 0"]),
            ("up + 1", ["{job=\"a\"} 2", "{job=\"b\"} 1"]), ("-up{job=\"a\"}", ["{job=\"a\"} -1"]),
            ("sum(up)", ["{} 1"]), ("count by (job) (up)", ["{job=\"a\"} 1", "{job=\"b\"} 1"]), ("nothing", []),
            ("sum(nothing)", []), ("absent(nothing{a=\"1\",b!=\"2\"})", ["{a=\"1\"} 1"]), ("absent(up)", []),
            ("up and on(job) c_total", ["up{job=\"a\"} 1"]), ("up unless on(job) c_total", ["up{job=\"b\"} 0"]),
            ("c_total or up", ["c_total{job=\"a\"} 120", "up{job=\"b\"} 0"]),
            (
                "up * on(job) group_left(version) info",
                ["{job=\"a\", version=\"1\"} 1", "{job=\"b\", version=\"2\"} 0"]
            ),
            ("increase(c_total[5m])", ["{job=\"a\"} 240"]), ("resets(c_total[5m])", ["{job=\"a\"} 1"]),
            ("delta(c_total[2m])", ["{job=\"a\"} 120"]), ("topk(1, up)", ["up{job=\"a\"} 1"]),
            ("label_replace(up{job=\"a\"}, \"x\", \"<$1>\", \"job\", \"(.*)\")", ["up{job=\"a\", x=\"<a>\"} 1"]),
            ("vector(time())", ["{} 300"]), ("timestamp(gap)", ["{job=\"a\"} 180"]),
            ("timestamp(gap + 0)", ["{job=\"a\"} 300"]),
            ("gap offset 3m", ["gap{job=\"a\"} 1"]), ("gap @ 60", ["gap{job=\"a\"} 1"]), ("gone", []),
            ("gone offset 4m", ["gone{job=\"a\"} 2"]), ("count_over_time(gone[10m])", ["{job=\"a\"} 2"]),
            ("last_over_time(gone[10m])", ["gone{job=\"a\"} 2"]),
            ("max_over_time((up == 0)[5m:1m])", ["{job=\"b\"} 0"]),
        ] as [(String, [String])])
    func gives(text: String, expected: [String]) throws {
        #expect(try Self.vector(text) == expected)
    }

    @Test("The newest sample counts for five minutes, both ends included")
    func lookback() throws {
        #expect(try Self.vector("gap", at: 8) == ["gap{job=\"a\"} 4"])
        #expect(try Self.vector("gap", at: 8.001) == [])
        var options = EvaluationOptions(lookback: 60_000)
        #expect(try Self.vector("gap", at: 4.5, options: options) == [])
        options.boundary = .leftOpen
        #expect(try Self.vector("gap", at: 4, options: options) == [])
    }

    @Test("A range includes both its ends as in Prometheus 2, or only its end as in Prometheus 3")
    func boundary() throws {
        #expect(try Self.vector("count_over_time(c_total[2m])") == ["{job=\"a\"} 3"])
        let options = EvaluationOptions(boundary: .leftOpen)
        #expect(try Self.vector("count_over_time(c_total[2m])", options: options) == ["{job=\"a\"} 2"])
    }

    @Test(
        "What cannot be evaluated says why and where",
        arguments: [
            ("up + on(x) up", 1, "found duplicate series"), ("1 + (info + on(job) group_left sum(up))", 6, nil),
            ("up * on(x) group_left info", 1, "found duplicate series"),
            ("1 + -{job=\"a\"}", 6, "same labelset"), ("topk(NaN, up)", 1, "overflows"),
            ("label_replace(up, \"a-b\", \"\", \"\", \"\")", 1, "invalid destination label name"),
            ("label_replace(up, \"a\", \"\", \"\", \"(\")", 1, "invalid regular expression"),
            ("label_replace(up, \"job\", \"x\", \"\", \"\")", 1, "same labelset"),
            ("count_values(\"a b\", up)", 1, "invalid label name"),
            ("info * ignoring(version, job) group_left up{job=\"a\"}", 1, nil),
            ("sum without (version) (info) + ignoring(job) up{job=\"a\"}", 1, "many-to-one matching must be explicit"),
        ] as [(String, Int, String?)])
    func fails(text: String, column: Int, message: String?) throws {
        let expression = try Expression(parsing: text)
        guard let message else {
            #expect(throws: Never.self) { try expression.evaluate(at: 300_000, over: Self.source) }
            return
        }
        let error = #expect(throws: EvaluationError.self) { try expression.evaluate(at: 300_000, over: Self.source) }
        #expect(error?.message.contains(message) == true, "\(String(describing: error))")
        #expect(error?.column == column)
    }

    @Test("A range of more samples than allowed is refused with its place")
    func tooManySamples() throws {
        let source = SampleSeries([(Labels(metric: "a"), [1, 2, 3]), (["__name__": "a", "x": "1"], [4, nil, 6])])
        let expression = try Expression(parsing: "1 + sum(max_over_time(a[5m]))")
        let value = try expression.evaluate(
            at: 120_000, over: source, options: EvaluationOptions(largestSampleCount: 5))
        #expect(value.asVector?.map(\.value) == [10])
        let error = #expect(throws: EvaluationError.self) {
            try expression.evaluate(at: 120_000, over: source, options: EvaluationOptions(largestSampleCount: 4))
        }
        #expect(error?.message == "the range has more than 4 samples; select fewer series or a shorter range")
        #expect(error?.column == 23)
    }

    @Test("What is read again and again counts each time")
    func manyReadings() throws {
        for text in ["sum(up) + sum(up) + sum(up)", "max_over_time(sum(up)[5m:1m])"] {
            let expression = try Expression(parsing: text)
            let error = #expect(throws: EvaluationError.self) {
                try expression.evaluate(
                    at: 300_000, over: Self.source, options: EvaluationOptions(largestSampleCount: 5))
            }
            #expect(error?.message.contains("reads more than 5 samples") == true)
        }
    }

    @Test("Labels that double in each call are refused before they fill the memory")
    func longLabels() throws {
        var text = "label_replace(vector(1), \"a\", \"xxxxxxxx\", \"b\", \"\")"
        for _ in 0..<30 { text = "label_join(\(text), \"a\", \"\", \"a\", \"a\")" }
        let expression = try Expression(parsing: text)
        let error = #expect(throws: EvaluationError.self) { try expression.evaluate(at: 0, over: Self.source) }
        #expect(error?.message.contains("label value of over 65536 bytes") == true)
    }

    @Test("start() and end() are those of the whole query")
    func wholeQuery() throws {
        for (text, expected) in [("c_total @ start()", 60.0), ("c_total @ end()", 60), ("c_total", 0)] {
            let value = try Expression(parsing: text).evaluate(
                at: 180_000, over: Self.source, queried: 60_000...240_000)
            #expect(value.asVector?.map(\.value) == [expected], "\(text)")
        }
    }
}
