import Foundation
import PromQL
import Testing

@Suite struct LabelsTests {
    @Test("A label set is sorted by name and has each name once")
    func sorted() {
        let labels = Labels([(name: "b", value: "1"), (name: "a", value: "2"), (name: "b", value: "3")])
        #expect(labels.map(\.name) == ["a", "b"])
        #expect(labels["b"] == "3")
        #expect(labels == ["a": "2", "b": "3"])
    }

    @Test("An empty value is no label")
    func dropsEmptyValues() {
        var labels: Labels = ["a": "", "b": "1"]
        #expect(labels == ["b": "1"])
        labels["b"] = ""
        #expect(labels.isEmpty)
        #expect(Labels(["a": ""]).isEmpty)
    }

    @Test("Values that Unicode takes for equal but that have other bytes are different series")
    func comparesBytes() {
        let composed: Labels = ["a": "\u{E9}"]
        let decomposed: Labels = ["a": "e\u{301}"]
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed]).count == 2)
        #expect(LabelMatcher("a", is: "\u{E9}").matches(decomposed) == false)
    }

    @Test("Label sets are ordered label by label, a prefix first")
    func ordered() {
        let sets: [Labels] = [[:], ["a": "1"], ["a": "1", "b": "1"], ["a": "2"], ["b": "0"]]
        #expect(Array(sets.reversed()).sorted() == sets)
    }

    @Test("A label set reads as a selector does")
    func describes() {
        #expect(Labels(metric: "up", ["job": "a\"b"]).description == #"up{job="a\"b"}"#)
        #expect(Labels(metric: "up").description == "up")
        #expect(Labels().description == "{}")
        #expect((["__name__": "a b", "c.d": "1"] as Labels).description == #"{__name__="a b", "c.d"="1"}"#)
    }

    @Test("A label set is stored as an object and read back")
    func codes() throws {
        let labels: Labels = ["a": "1", "__name__": "up"]
        let data = try JSONEncoder().encode(labels)
        #expect(try JSONDecoder().decode([String: String].self, from: data) == labels.dictionary)
        #expect(try JSONDecoder().decode(Labels.self, from: data) == labels)
    }

    @Test(
        "Matchers compare whole values, and a missing label is an empty one",
        arguments: [
            ("a", .equal, "1", true), ("a", .equal, "2", false), ("a", .notEqual, "2", true), ("c", .equal, "", true),
            ("c", .notEqual, "", false), ("a", .matches, "1|2", true), ("a", .matches, "[0-9]", true),
            ("b", .matches, "ab", false), ("b", .matches, "ab.*", true), ("b", .doesNotMatch, "ab", true),
            ("c", .matches, "x?", true), ("c", .doesNotMatch, ".+", true), ("c", .matches, "x|", true),
        ] as [(String, LabelMatcher.Operation, String, Bool)])
    func matches(name: String, operation: LabelMatcher.Operation, value: String, expected: Bool) throws {
        let matcher = try LabelMatcher(name, operation, value)
        #expect(matcher.matches(["a": "1", "b": "abc"]) == expected)
    }
}
