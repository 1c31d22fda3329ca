# cmake -DROOT=... -DCXX=... -DEMULATOR=... -DWORK=... -P run.cmake: the NEON products under an emulator; a processor
# without the dot product has to fall back.
set(here ${ROOT}/tests/kernels/neon)
file(MAKE_DIRECTORY ${WORK})
function(compile source)
  get_filename_component(name ${source} NAME_WE)
  execute_process(COMMAND ${CXX} -std=c++20 -O2 -static -I${ROOT} ${ARGN} -c ${source} -o ${WORK}/${name}.o
                  COMMAND_ERROR_IS_FATAL ANY)
endfunction()
compile(${ROOT}/core/kernels/integer_neon.cpp -march=armv8.2-a+dotprod)
compile(${ROOT}/core/kernels/integer_scalar.cpp)
compile(${here}/products_tool.cpp)
execute_process(COMMAND ${CXX} -static ${WORK}/integer_neon.o ${WORK}/integer_scalar.o ${WORK}/products_tool.o -o
                        ${WORK}/products COMMAND_ERROR_IS_FATAL ANY)
execute_process(COMMAND ${EMULATOR} -cpu max ${WORK}/products RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  message(FATAL_ERROR "the NEON products differ from the scalar ones (${result})")
endif()
execute_process(COMMAND ${EMULATOR} -cpu cortex-a53 ${WORK}/products RESULT_VARIABLE result OUTPUT_QUIET)
if(NOT result EQUAL 2)
  message(FATAL_ERROR "a processor without the dot product was given it (${result})")
endif()
