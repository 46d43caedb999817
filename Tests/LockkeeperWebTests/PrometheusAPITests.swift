import LockkeeperCore
import LockkeeperTestSupport
import LockkeeperWeb
import PromQL
import Testing

@Suite struct PrometheusAPITests {
    private static let begin = Timestamp(seconds: 1_700_000_000)

    /// Two minutes of two series, and a rule on one of them.
    private static func agent() async throws -> StubAgent {
        let groups = try RuleFile(
            name: "alerts/a.yml",
            groups: [
                RuleGroupDefinition(
                    name: "g", interval: "30s", limit: 5,
                    rules: [
                        RuleDefinition(record: "x:double", expr: "x*2", labels: ["by": "rule"]),
                        RuleDefinition(
                            alert: "High", expr: "x > 60", for: "10s", keepFiringFor: "1m",
                            labels: ["severity": "warning"],
                            annotations: ["summary": "{{ $labels.myTarget }}: {{ $value }}"]
                        ),
                        RuleDefinition(alert: "Broken", expr: "x + on() {__name__=~\"x|y\"}"),
                    ])
            ]
        ).groups
        var window = SeriesWindow(history: SeriesHistory(groups: groups), retention: .seconds(3600))
        var evaluator = RuleEvaluator(groups: groups)
        var now = begin
        for second in 0...120 {
            now = begin + .seconds(second)
            window.append(
                [
                    VectorSample(labels: ["__name__": "x", "myTarget": "a b"], value: Double(second)),
                    VectorSample(labels: ["__name__": "y"], value: second % 2 == 0 ? .infinity : .nan),
                ], at: now)
            _ = evaluator.evaluate(at: now, over: &window)
        }
        let snapshot = SeriesSnapshot(window: window, now: now)
        let status = RulesStatus(groups: evaluator.status)
        let agent = StubAgent()
        await agent.change {
            $0.seriesSnapshot = snapshot
            $0.rulesStatus = status
        }
        return agent
    }

    @Test(
        "A query is answered in Prometheus's shape",
        arguments: [
            (
                "query=x",
                #"{"result":[{"metric":{"__name__":"x","myTarget":"a b"},"value":[1700000120,"120"]}],"resultType":"vector"}"#
            ),
            (
                "query=y&time=1700000001",
                #"{"result":[{"metric":{"__name__":"y"},"value":[1700000001,"NaN"]}],"resultType":"vector"}"#
            ),
            (
                "query=y%20*%201&time=2023-11-14T22:13:20.5Z",
                #"{"result":[{"metric":{},"value":[1700000000.5,"+Inf"]}],"resultType":"vector"}"#
            ),
            ("query=1+%2B+1", #"{"result":[1700000120,"2"],"resultType":"scalar"}"#),
            ("query=%22a%22&timeout=5s", #"{"result":[1700000120,"a"],"resultType":"string"}"#),
            (
                "query=x[2s]",
                #"{"result":[{"metric":{"__name__":"x","myTarget":"a b"},"values":[[1700000118,"118"],[1700000119,"119"],[1700000120,"120"]]}],"resultType":"matrix"}"#
            ),
            ("query=nothing", #"{"result":[],"resultType":"vector"}"#),
        ])
    func query(parameters: String, data: String) async throws {
        try await withServer(try await Self.agent()) { address in
            let answer = try await address.get("/api/v1/query?" + parameters)
            #expect(answer.status == 200)
            #expect(answer.headers["content-type"] == "application/json")
            #expect(answer.text == #"{"data":\#(data),"status":"success"}"# + "\n")
            let form = try await address.request(
                "POST", "/api/v1/query", ["Content-Type": "application/x-www-form-urlencoded"], body: parameters)
            #expect(form.text == answer.text)
        }
    }

    @Test("A range is answered in Prometheus's shape, step by step")
    func range() async throws {
        try await withServer(try await Self.agent()) { address in
            let text = try await address.get(
                "/api/v1/query_range?query=x%3E7&start=1700000006&end=1700000012.5&step=2"
            ).text
            let values = #"[[1700000008,"8"],[1700000010,"10"],[1700000012,"12"]]"#
            let series = #"[{"metric":{"__name__":"x","myTarget":"a b"},"values":\#(values)}]"#
            #expect(text == #"{"data":{"result":\#(series),"resultType":"matrix"},"status":"success"}"# + "\n")
            let fixed = try await address.get(
                "/api/v1/query_range?query=x%20%40%20end()&start=1700000006&end=1700000010&step=2"
            ).text
            #expect(fixed.contains(#"[[1700000006,"10"],[1700000008,"10"],[1700000010,"10"]]"#), "\(fixed)")
            for wrong in [
                "query=x&start=1&end=0&step=1", "query=x&start=0&end=1&step=0", "query=x&start=0&end=100000&step=1",
                "query=x[5m]&start=0&end=1&step=1", "query=x&end=1&step=1", "query=x&start=0&end=1&step=fast",
            ] {
                #expect(try await address.get("/api/v1/query_range?" + wrong).status == 400, "\(wrong)")
            }
        }
    }

    @Test(
        "What is wrong with a query is said in Prometheus's shape",
        arguments: [
            (
                "query=x%20%2B", 400,
                #"{"error":"invalid parameter \"query\": 1:4: parse error: unexpected end of the expression, expected an expression","errorType":"bad_data","status":"error"}"#
            ),
            (
                "", 400,
                #"{"error":"invalid parameter \"query\": unknown position: parse error: no expression found in input","errorType":"bad_data","status":"error"}"#
            ),
            (
                "query=x&time=noon", 400,
                #"{"error":"invalid parameter \"time\": cannot parse \"noon\" to a valid timestamp","errorType":"bad_data","status":"error"}"#
            ),
            (
                "query=label_replace(x,%22a%22,%22%22,%22b%22,%22(%22)", 422,
                #""errorType":"execution","status":"error"}"#
            ),
            ("query=max_over_time(vector(1)[1y:1s])", 422, "11000 steps"),
        ])
    func refused(parameters: String, status: Int, text: String) async throws {
        try await withServer(try await Self.agent()) { address in
            let answer = try await address.get("/api/v1/query?" + parameters)
            #expect(answer.status == status)
            #expect(answer.text.contains(text), "\(answer.text)")
            let form = try await address.request(
                "POST", "/api/v1/query", ["Content-Type": "text/plain"], body: "query=x")
            #expect(form.status == 415)
        }
    }

    @Test("The rules are told with their state, their health and their alerts")
    func rules() async throws {
        try await withServer(try await Self.agent()) { address in
            let text = try await address.get("/api/v1/rules").text
            #expect(
                text == #"""
                    {"data":{"groups":[{"evaluationTime":0,"file":"alerts/a.yml","interval":30,\#
                    "lastEvaluation":"2023-11-14T22:15:00.000Z","limit":5,"name":"g","rules":[\#
                    {"evaluationTime":0,"health":"ok","labels":{"by":"rule"},"lastEvaluation":"2023-11-14T22:15:00.000Z",\#
                    "name":"x:double","query":"x * 2","type":"recording"},\#
                    {"alerts":[{"activeAt":"2023-11-14T22:14:30.000Z","annotations":{"summary":"a b: 100"},\#
                    "labels":{"alertname":"High","myTarget":"a b","severity":"warning"},"state":"firing","value":"1e+02"}],\#
                    "annotations":{"summary":"{{ $labels.myTarget }}: {{ $value }}"},"duration":10,"evaluationTime":0,\#
                    "health":"ok","keepFiringFor":60,"labels":{"severity":"warning"},\#
                    "lastEvaluation":"2023-11-14T22:15:00.000Z","name":"High","query":"x > 60","state":"firing",\#
                    "type":"alerting"},\#
                    {"alerts":[],"annotations":{},"duration":0,"evaluationTime":0,"health":"err","keepFiringFor":0,\#
                    "labels":{},"lastError":"\#(try Self.lastError(in: text))",\#
                    "lastEvaluation":"2023-11-14T22:15:00.000Z","name":"Broken","query":"x + on () {__name__=~\"x|y\"}",\#
                    "state":"inactive","type":"alerting"}]}]},"status":"success"}

                    """#)
            let alerts = try await address.get("/api/v1/alerts").text
            #expect(
                alerts == #"""
                    {"data":{"alerts":[{"activeAt":"2023-11-14T22:14:30.000Z","annotations":{"summary":"a b: 100"},\#
                    "labels":{"alertname":"High","myTarget":"a b","severity":"warning"},"state":"firing","value":"1e+02"}]},\#
                    "status":"success"}

                    """#)
        }
    }

    private static func lastError(in text: String) throws -> Substring {
        let error = try #require(text.firstMatch(of: #/"lastError":"(.*?[^\\])","lastEvaluation/#)).1
        #expect(error.contains("found duplicate series"))
        return error
    }

    @Test(
        "Rules can be chosen by type, name, group and file",
        arguments: [
            ("type=record", ["x:double"]), ("type=alert", ["High", "Broken"]),
            ("rule_name[]=High&rule_name[]=x:double", ["x:double", "High"]), ("rule_group[]=other", []),
            ("file[]=alerts/a.yml&exclude_alerts=true", ["x:double", "High", "Broken"]),
        ])
    func chosen(parameters: String, names: [String]) async throws {
        try await withServer(try await Self.agent()) { address in
            let text = try await address.get("/api/v1/rules?" + parameters).text
            #expect(text.matches(of: #/"name":"([^"]*)","query"/#).map { String($0.1) } == names)
            #expect(try await address.get("/api/v1/rules?type=other").status == 400)
        }
    }

    @Test(
        "Series and labels are found for Grafana's editor",
        arguments: [
            ("series?match[]=x&match[]=y", #"[{"__name__":"x","myTarget":"a b"},{"__name__":"y"}]"#),
            ("series?match[]=x&end=1", "[]"),
            ("labels", #"["__name__","alertname","alertstate","by","myTarget","severity"]"#),
            ("label/myTarget/values", #"["a b"]"#), ("label/myTarget/values?match[]=y", "[]"),
            ("series", nil), ("series?match[]=x*2", nil), ("series?match[]=x{", nil),
        ] as [(String, String?)])
    func series(path: String, data: String?) async throws {
        try await withServer(try await Self.agent()) { address in
            let answer = try await address.get("/api/v1/" + path)
            #expect(answer.status == (data == nil ? 400 : 200))
            if let data {
                let expected = #"{"data":\#(data),"status":"success"}"# + "\n"
                #expect(answer.text == expected)
            }
        }
    }

    @Test(
        "promtool reads the agent as it reads a Prometheus",
        .enabled(if: Promtool.isWanted, Comment(rawValue: Promtool.reason)))
    func promtool() async throws {
        try await withServer(try await Self.agent()) { address in
            func ask(_ arguments: String...) async throws -> String {
                try await Promtool.result(["query"] + arguments).output
            }
            let sum = try await ask("instant", "--time=1700000005", address.url, "x + 1")
            #expect(sum == "{myTarget=\"a b\"} => 6 @[1700000005]\n")
            let scalar = try await ask("instant", "--time=1700000120", address.url, "scalar(x)")
            #expect(scalar.hasPrefix("scalar: 120 @[1700000120]"))
            let broken = try await ask("instant", address.url, "x +")
            #expect(broken.contains("parse error"))
            let range = try await ask(
                "range", "--start=1700000005", "--end=1700000006", "--step=1s", address.url, "x")
            #expect(range == "x{myTarget=\"a b\"} =>\n5 @[1700000005]\n6 @[1700000006]\n")
            let values = try await ask(
                "labels", "--start=1700000000", "--end=1700000100", address.url, "myTarget")
            #expect(values == "a b\n")
            let series = try await ask(
                "series", "--match=x", "--start=1700000000", "--end=1700000100", address.url)
            #expect(series == "{__name__=\"x\", myTarget=\"a b\"}\n")
        }
    }
}
