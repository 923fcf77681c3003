package dtc.conformance;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.DecimalNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.math.BigDecimal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A write that the resource manager accepts.
 *
 * @param key the beginning of all keys
 * @param value a value as JSON
 * @param otherValue another value
 */
record SampleWrite(String key, String value, String otherValue) {

    /**
     * Parses one or two writes {@code {"key","value"}}. The second one contains the other value. Without it, the value
     * is varied. Returns empty if the text is not a write.
     */
    static Optional<SampleWrite> parse(String text, @Nullable String other) {
        JsonNode write = JsonDocuments.parse(text);
        JsonNode value = write.path("value");
        JsonNode otherValue =
                other == null ? varied(value) : JsonDocuments.parse(other).path("value");
        if (!write.path("key").isTextual()
                || write.path("key").asText().isEmpty()
                || value.isMissingNode()
                || otherValue.isMissingNode()
                || JsonDocuments.isEqual(value.toString(), otherValue.toString())) {
            return Optional.empty();
        }
        return Optional.of(new SampleWrite(write.path("key").asText(), value.toString(), otherValue.toString()));
    }

    /** Returns another value of the same type; for an object or an array, one that differs in its first element. */
    private static JsonNode varied(JsonNode value) {
        return switch (value.getNodeType()) {
            case NUMBER -> DecimalNode.valueOf(value.decimalValue().add(BigDecimal.ONE));
            case STRING -> TextNode.valueOf(value.asText() + "2");
            case BOOLEAN -> BooleanNode.valueOf(!value.booleanValue());
            case OBJECT -> {
                ObjectNode copy = value.deepCopy();
                if (copy.isEmpty()) {
                    copy.put("other", true);
                } else {
                    String first = copy.fieldNames().next();
                    copy.set(first, varied(copy.get(first)));
                }
                yield copy;
            }
            case ARRAY -> {
                ArrayNode copy = value.deepCopy();
                if (copy.isEmpty()) {
                    copy.add(true);
                } else {
                    copy.set(0, varied(copy.get(0)));
                }
                yield copy;
            }
            default -> JsonNodeFactory.instance.numberNode(1);
        };
    }
}
