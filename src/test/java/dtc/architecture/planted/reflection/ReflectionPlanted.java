package dtc.architecture.planted.reflection;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.quarkus.runtime.annotations.RegisterForReflection;
import java.util.List;

/** What a native image could not read or write, each in its own way. */
public final class ReflectionPlanted {

    record Read(int number) {}

    record Written(int number) {}

    /** It is registered, and what it holds is not. */
    @RegisterForReflection
    record Holder(List<Held> held) {}

    record Held(int number) {}

    sealed interface Body {}

    record Implementation(int number) implements Body {}

    private ReflectionPlanted() {}

    static int reads(ObjectMapper mapper) throws JsonProcessingException {
        return mapper.readValue("{}", Read.class).number()
                + mapper.readValue("{}", Holder.class).held().size();
    }

    static String writes(ObjectMapper mapper, Written written) throws JsonProcessingException {
        return mapper.writeValueAsString(written);
    }

    static String writesBody(ObjectMapper mapper, Body body) throws JsonProcessingException {
        return mapper.writeValueAsString(body);
    }

    static String writesAnything(ObjectMapper mapper, Object anything) throws JsonProcessingException {
        return mapper.writeValueAsString(anything);
    }
}
