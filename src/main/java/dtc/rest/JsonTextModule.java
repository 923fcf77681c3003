package dtc.rest;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonDeserializer;
import com.fasterxml.jackson.databind.JsonSerializer;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.cfg.CoercionAction;
import com.fasterxml.jackson.databind.cfg.CoercionInputShape;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.type.LogicalType;
import dtc.protocol.JsonText;
import dtc.protocol.Messages.BatchMessage;
import dtc.protocol.Messages.OutcomeDocument;
import dtc.protocol.Messages.PrepareWrite;
import dtc.protocol.Messages.StageRequest;
import dtc.protocol.Messages.WriteCondition;
import dtc.protocol.Messages.WriteRequest;
import io.quarkus.jackson.ObjectMapperCustomizer;
import jakarta.inject.Singleton;
import java.io.IOException;
import java.io.StringWriter;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Serializes {@link JsonText} unchanged, and configures the parser to reject input instead of silently changing it. */
@Singleton
public final class JsonTextModule implements ObjectMapperCustomizer {

    @Override
    @SuppressWarnings("deprecation") // the builder of a factory cannot be used: Quarkus creates the mapper
    public void customize(ObjectMapper mapper) {
        mapper.getFactory().setInputDecorator(new Utf8Input());
        mapper.registerModule(new SimpleModule("json-text")
                .addSerializer(JsonText.class, new Writer())
                .addDeserializer(JsonText.class, new Reader()));
        List<Class<?>> writes = List.of(WriteRequest.class, StageRequest.class, PrepareWrite.class, BatchMessage.class);
        writes.forEach(write -> mapper.addMixIn(write, ConditionName.class));
        // Null members are omitted: older versions reject unknown members, and the recorded fingerprint of a
        // WriteRequest must not change.
        Stream.concat(writes.stream(), Stream.of(OutcomeDocument.class, WriteCondition.class))
                .forEach(document -> mapper.configOverride(document)
                        .setInclude(JsonInclude.Value.construct(JsonInclude.Include.NON_NULL, null)));
        mapper.enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION);
        mapper.enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);
        mapper.disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT);
        mapper.enable(DeserializationFeature.FAIL_ON_NUMBERS_FOR_ENUMS);
        disableCoercion(mapper, LogicalType.Integer, CoercionInputShape.String);
        disableCoercion(mapper, LogicalType.Boolean, CoercionInputShape.String, CoercionInputShape.Integer);
        disableCoercion(
                mapper,
                LogicalType.Textual,
                CoercionInputShape.Integer,
                CoercionInputShape.Float,
                CoercionInputShape.Boolean);
    }

    /** Disables coercion, for example of a string to a number. */
    private static void disableCoercion(ObjectMapper mapper, LogicalType target, CoercionInputShape... inputs) {
        for (CoercionInputShape shape : inputs) {
            mapper.coercionConfigFor(target).setCoercion(shape, CoercionAction.Fail);
        }
    }

    /** Names the member {@code if}, which is a keyword in Java. */
    private interface ConditionName {
        @JsonProperty("if")
        WriteCondition condition();
    }

    private static final class Writer extends JsonSerializer<JsonText> {
        @Override
        public void serialize(JsonText value, JsonGenerator generator, SerializerProvider provider) throws IOException {
            generator.writeRawValue(value.text());
        }
    }

    private static final class Reader extends JsonDeserializer<JsonText> {
        @Override
        public JsonText deserialize(JsonParser parser, DeserializationContext context) throws IOException {
            StringWriter text = new StringWriter();
            try (JsonGenerator generator = parser.getCodec().getFactory().createGenerator(text)) {
                copy(parser, generator);
            }
            return new JsonText(text.toString());
        }

        /** Copies a value. The text of numbers is kept: 1e5 does not become 1E+5, and -0.0 keeps its sign. */
        private static void copy(JsonParser parser, JsonGenerator generator) throws IOException {
            int depth = 0;
            for (JsonToken token = parser.currentToken(); ; token = parser.nextToken()) {
                if (token.isStructStart()) {
                    depth++;
                } else if (token.isStructEnd()) {
                    depth--;
                }
                if (token.isNumeric()) {
                    generator.writeNumber(parser.getText());
                } else {
                    generator.copyCurrentEvent(parser);
                }
                if (depth == 0) {
                    return;
                }
            }
        }

        /** Reads {@code "value": null} as the JSON value null. */
        @Override
        public JsonText getNullValue(DeserializationContext context) {
            return new JsonText("null");
        }

        /** A missing property has no value. */
        @Override
        public @Nullable Object getAbsentValue(DeserializationContext context) {
            return null;
        }
    }
}
