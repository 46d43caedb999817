import Foundation
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

    @Test func `Without the environment the example says which variable is missing`() throws {
        let problems = #expect(throws: ConfigurationProblems.self) {
            try Configuration.load(path: "\(repository)/deploy/lockkeeper.example.yml", environment: [:])
        }
        #expect(
            problems?.errors.contains { $0.message == "the environment variable `DATABASE_URL` is not set" } == true)
    }
}
