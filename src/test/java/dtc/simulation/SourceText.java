package dtc.simulation;

import java.net.URI;
import javax.tools.SimpleJavaFileObject;

/** The source of a class, held in memory. */
final class SourceText extends SimpleJavaFileObject {

    private final String text;

    /** @param className of the top-level class */
    SourceText(String className, String text) {
        super(URI.create("memory:///" + className.replace('.', '/') + Kind.SOURCE.extension), Kind.SOURCE);
        this.text = text;
    }

    @Override
    public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return text;
    }
}
