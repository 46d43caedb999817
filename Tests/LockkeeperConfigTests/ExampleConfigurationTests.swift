import Foundation
import LockkeeperCore
import Testing

@testable import LockkeeperConfig

@Suite struct ExampleConfigurationTests {
    @Test func `The example configuration loads without an error or a warning where what it names is there`() throws {
        let folder = try TemporaryFolder()
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        for (name, content) in [
            ("slack-webhook", "https://hooks.slack.com/services/T0/B0/x"), ("smtp-password", "password"),
            ("status-page-secret", "secret"),
        ] {
            try folder.write(content, to: name)
        }
        try FileManager.default.copyItem(atPath: "\(repository)/alerts", toPath: "\(folder.path)/alerts")
        let path = try folder.write(
            example.replacing("/etc/lockkeeper/", with: "\(folder.path)/"), to: "lockkeeper.yml", permissions: 0o644)
        let configuration = try Configuration.load(
            path: path, environment: ["DATABASE_URL": "postgresql://lockkeeper:x@localhost/app"])
        #expect(configuration.warnings == [])
        #expect(configuration.targets.map(\.name) == ["app-production"])
        #expect(configuration.receivers.map(\.name) == ["incidents", "stakeholders", "status-page"])
        #expect(configuration.routes.count == 3)
        #expect(configuration.rules.files.count >= 4)
    }

    @Test func `The receivers that are commented out in the example load, too`() throws {
        let folder = try TemporaryFolder()
        let example = try String(contentsOfFile: "\(repository)/deploy/lockkeeper.example.yml", encoding: .utf8)
        let part = try #require(example.firstMatch(of: /(?s)\nreceivers:\n(.*?)\n# Every route/)?.1)
        var names: [String] = []
        var lines: [String] = []
        for line in part.split(separator: "\n") {
            // Sentences stand right behind the `#` and a space, fields further in.
            let isField = line.hasPrefix("  #   ") || line.hasPrefix("  # - ")
            var text = isField ? "  " + line.dropFirst(4) : String(line)
            if let name = text.firstMatch(of: /^  - name: (.*)/)?.1 {
                names.append(String(name))
                text = "  - name: receiver-\(names.count)"
            }
            lines.append(text.replacing("/etc/lockkeeper/", with: "\(folder.path)/"))
            if let file = lines.last?.firstMatch(of: /_file: .*\/([^ \/]+)$/)?.1 {
                try folder.write(file.contains("webhook") ? "https://h.example.org/x" : "secret", to: String(file))
            }
        }
        let routes = names.indices.map { "  - receiver: receiver-\($0 + 1)" }
        let text = ConfigurationFixture.minimal((["receivers:"] + lines + ["routes:"] + routes).joined(separator: "\n"))
        let configuration = try Configuration.load(
            path: try folder.write(text, to: "lockkeeper.yml"), environment: [:])
        #expect(configuration.warnings == [])
        #expect(
            names == [
                "incidents", "incidents", "stakeholders", "status-page", "customers", "customers", "oncall", "cluster",
            ])
        #expect(configuration.receivers.last?.templates.title != nil)
    }

    @Test func `Without the environment the example says which variable is missing`() throws {
        let problems = #expect(throws: ConfigurationProblems.self) {
            try Configuration.load(path: "\(repository)/deploy/lockkeeper.example.yml", environment: [:])
        }
        #expect(
            problems?.errors.contains { $0.message == "the environment variable `DATABASE_URL` is not set" } == true)
    }
}
