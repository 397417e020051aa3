# Writes INPUT as a C++ raw string to OUTPUT, in pieces, because compilers bound one literal.
file(READ ${INPUT} text)
string(LENGTH "${text}" length)
set(pieces "")
set(at 0)
while(at LESS length)
  string(SUBSTRING "${text}" ${at} 8000 piece)
  string(APPEND pieces "    R\"zygote(${piece})zygote\"\n")
  math(EXPR at "${at} + 8000")
endwhile()
file(WRITE ${OUTPUT} "#include \"keeper/zygote_script.h\"

namespace martlet::keeper {

const std::string_view kZygoteScript =
${pieces}    ;

}  // namespace martlet::keeper
")
