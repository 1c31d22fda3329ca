// B5: "--session FILE" opened an empty window: Qt takes the two words for an option of its own.
#include "widgets/shell/arguments.h"

#include <QCoreApplication>
#include <QGuiApplication>
#include <QTest>

using namespace qs::ui;

class ArgumentsTest : public QObject {
    Q_OBJECT
private slots:
    void theProgramSeesTheSession()
    {
        QCOMPARE(QCoreApplication::arguments(),
                 QStringList({QStringLiteral("quantoscope"), QStringLiteral("--theme"), QStringLiteral("dark"),
                              QStringLiteral("--session=/tmp/a b.quantoscope"), QStringLiteral("--demo")}));
    }
    void otherWordsStay()
    {
        const char* words[] = {"quantoscope", "--session=x", "model.onnx", "--session"};
        Arguments arguments(4, const_cast<char**>(words));
        QCOMPARE(arguments.count(), 4);
        for (int i = 0; i < 4; ++i)
            QCOMPARE(arguments.values()[i], words[i]);
        QVERIFY(!arguments.values()[4]);
    }
};

int main()
{
    const char* words[] = {"quantoscope", "--theme", "dark", "--session", "/tmp/a b.quantoscope", "--demo"};
    Arguments arguments(6, const_cast<char**>(words));
    QGuiApplication application(arguments.count(), arguments.values()); // takes its own options out
    ArgumentsTest test;
    return QTest::qExec(&test);
}
#include "arguments_test.moc"
