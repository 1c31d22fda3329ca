// Debian's OpenCV registers the drivers of GDAL when it first decodes; ThreadSanitizer takes two of GDAL's own
// mutexes, locked in both orders by that one thread, for a deadlock.
#ifdef __SANITIZE_THREAD__
extern "C" const char* __tsan_default_suppressions()
{
    return "deadlock:libgdal\n";
}
#endif
