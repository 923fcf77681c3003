package dtc.architecture.planted.rest;

import dtc.architecture.planted.app.AppPlanted;
import io.opentelemetry.api.trace.Span;

/** Breaks the layering on purpose, to prove that the rule sees it. */
public class RestPlanted {

    /** What this room may not see. */
    public Class<?> forbidden() {
        return AppPlanted.class;
    }

    /** A library that only one package may use. */
    public Class<?> forbiddenLibrary() {
        return Span.class;
    }
}
